/* The container's accounts, as all who go by them have them. */
#include "../accounts.c"
