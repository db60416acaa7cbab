/* The token of a user, by the code that the first process uses as well. */
#include "../token.c"
