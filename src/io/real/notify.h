/* Tells the service manager how it stands (sd_notify(3)), by hand: one datagram to NOTIFY_SOCKET. */
#ifndef IO_REAL_NOTIFY_H
#define IO_REAL_NOTIFY_H

/* "READY=1", "STOPPING=1". Does nothing where nobody asked for it; that it fails is no reason to stop. */
void notify_manager(const char *state);

#endif
