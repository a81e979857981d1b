/* What the store keeps of a message beside its bytes, from what analyse/analysis.h found. */
#ifndef INTAKE_FACTS_H
#define INTAKE_FACTS_H

#include "analyse/analysis.h"
#include "store/model.h"

/* In the analysis' arena, as that is. is_8bit is the caller's, who saw the bytes. */
struct message_facts facts_of_analysis(struct arena *arena, const struct analysis *a);

#endif
