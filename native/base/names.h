// Enumerations that both sides of the addon know: a list of names makes the values and the table of their names.
#pragma once
#include <iterator>

#define ZC_ENUMERATOR(name, ...) name,
#define ZC_NAME(name, ...) #name,
/** For lists of (enumerator, "name") pairs. */
#define ZC_TEXT(name, text) text,
