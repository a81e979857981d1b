/* Commands whose words have help of their own (app/cli/cli.h): tables that end with a row without a word, and
   what stands below the list of all words. */
#ifndef APP_CLI_CLI_TOPICS_H
#define APP_CLI_CLI_TOPICS_H

#include "app/cli/cli.h"

extern const struct cli_topic outreach_topics[];
extern const char outreach_examples[];
extern const struct cli_topic contact_topics[];
extern const char contact_examples[];
extern const struct cli_topic suppression_topics[];
extern const char suppression_examples[];
extern const struct cli_topic api_topics[];
extern const char api_examples[];
extern const struct cli_topic webhook_topics[];
extern const char webhook_examples[];

#endif
