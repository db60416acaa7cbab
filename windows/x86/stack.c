/*
 * What the compiler calls for functions with large local variables: touch each page of the stack in turn, for only the
 * next one may be touched at a time. The size is in eax, and no register may change.
 *
 * Source: GCC's manual, -mstack-arg-probe; Microsoft, "_chkstk routine" (why).
 */
__asm__(".globl ___chkstk_ms\n"
        "___chkstk_ms:\n"
        "push %ecx\n"
        "push %eax\n"
        "lea 12(%esp), %ecx\n"
        "1: cmp $0x1000, %eax\n"
        "jb 2f\n"
        "sub $0x1000, %ecx\n"
        "orl $0, (%ecx)\n"
        "sub $0x1000, %eax\n"
        "jmp 1b\n"
        "2: sub %eax, %ecx\n"
        "orl $0, (%ecx)\n"
        "pop %eax\n"
        "pop %ecx\n"
        "ret\n");
