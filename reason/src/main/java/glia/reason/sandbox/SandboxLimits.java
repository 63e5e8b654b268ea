package glia.reason.sandbox;

import java.time.Duration;

/// Limits of a program in a [Sandbox].
///
/// @param wall the longest time until the program ends
/// @param cpu the longest time on a processor, of each process
/// @param memoryBytes the largest address space of each process
/// @param outputBytes the most output that is kept, of standard output and of errors each; a program that writes
///     more is ended
/// @param fileBytes the size of all files that it writes
/// @param processes the largest number of processes and threads at a time
public record SandboxLimits(Duration wall, Duration cpu, long memoryBytes, int outputBytes, long fileBytes,
        int processes) {
    /// 10 s, 5 s of a processor, 512 MB, 64 KB of output, 16 MB of files, 16 processes.
    public static final SandboxLimits STANDARD = new SandboxLimits(Duration.ofSeconds(10), Duration.ofSeconds(5),
            512L << 20, 1 << 16, 16L << 20, 16);

    /// @throws IllegalArgumentException if a limit is not positive
    public SandboxLimits {
        if (!wall.isPositive() || !cpu.isPositive() || memoryBytes <= 0 || outputBytes <= 0 || fileBytes <= 0
                || processes <= 0) {
            throw new IllegalArgumentException("all limits of a sandbox must be positive, found " + wall + ", " + cpu
                    + ", " + memoryBytes + ", " + outputBytes + ", " + fileBytes + ", " + processes);
        }
    }

    /// The same with another time limit, for wall-clock and processor time.
    public SandboxLimits withTime(Duration time) {
        return new SandboxLimits(time, time, memoryBytes, outputBytes, fileBytes, processes);
    }

    /// The same with another memory limit.
    public SandboxLimits withMemory(long bytes) {
        return new SandboxLimits(wall, cpu, bytes, outputBytes, fileBytes, processes);
    }
}
