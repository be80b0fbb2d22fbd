"""Crash points: a manager stopped just before and just after each call that changes its files, or refused that call.

Two forms, one meaning. :mod:`tracer` sees the system calls of any program, and of the programs that it starts, by
ptrace(2). :mod:`stem` forks managers in Python whose `os` functions are watched: many points a second, on any POSIX.
strace's fault injection counts a call by its name and by thread, and knows no directories; a point here is the N-th
change of the manager's own files, whichever process of the manager makes it. What a kill cannot show: whether a file
was flushed before it was renamed, since what the kernel took outlives the process.
"""
