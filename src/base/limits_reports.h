/* More limits of reports, of others and to others, beside those of base/limits.h. */
#ifndef BASE_LIMITS_REPORTS_H
#define BASE_LIMITS_REPORTS_H

enum {
    /* Hosts of a summary whose names are looked up. */
    REPORT_NAMES_MAX = 100,
    /* After a run that had to put some off it is tried again between these, longer each time. */
    REPORTING_AGAIN_MS = 10 * 60 * 1000,
    REPORTING_AGAIN_MS_MAX = 6 * 3600 * 1000,
};

#endif
