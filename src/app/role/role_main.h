/* The program of an exec'd role: walls first, then orders from descriptor 3 until the end. */
#ifndef APP_ROLE_MAIN_H
#define APP_ROLE_MAIN_H

/* `arguments`: kind, index, data folder. Returns the exit status. Only the supervisor calls it. */
int role_main(int count, char **arguments);

#endif
