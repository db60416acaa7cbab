#include <stdio.h>

int main(void)
{
    printf("hello from %d bits\n", (int)sizeof(void *) * 8);
    return 5;
}
