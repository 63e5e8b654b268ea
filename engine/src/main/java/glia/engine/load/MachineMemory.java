package glia.engine.load;

import com.sun.management.OperatingSystemMXBean;
import glia.model.cost.ParameterCount;
import glia.model.spec.ModelSpec;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/// The memory of the machine or of the container that the program runs in.
public final class MachineMemory {
    private static final Path LINUX = Path.of("/proc/meminfo");
    private static final Path CONTAINER = Path.of("/sys/fs/cgroup/memory.max");
    private static final long UNKNOWN = 4L << 30;

    private MachineMemory() { }

    /// The total in bytes. On Linux it is read from two files: the JVM's management classes take longer to load than a
    /// small model.
    public static long totalBytes() {
        try {
            if (!Files.exists(LINUX)) {
                return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean os
                        ? os.getTotalMemorySize() : UNKNOWN;
            }
            // MemTotal:       24593712 kB
            String[] words = Files.readString(LINUX).split("\\s+", 3);
            long machine = Long.parseLong(words[1]) << 10;
            String limit = Files.exists(CONTAINER) ? Files.readString(CONTAINER).strip() : "max";
            return limit.equals("max") ? machine : Math.min(machine, Long.parseLong(limit));
        } catch (IOException | NumberFormatException e) {
            return UNKNOWN;
        }
    }

    /// The most bytes of all sequences' states: four fifths of the total less the weights, at least 64 MiB.
    static long forStates(long weightBytes) {
        return Math.max(64L << 20, totalBytes() / 5 * 4 - weightBytes);
    }

    /// Refuses a model that this machine cannot hold, before its weights are made: a system without enough memory kills
    /// processes without a word.
    ///
    /// @throws OutOfMemoryError if F32 weights of the spec take more than the memory of this machine
    public static void requireWeights(ModelSpec spec) {
        double bytes = (double) ParameterCount.of(spec).total() * Float.BYTES;
        if (bytes > totalBytes()) {
            throw new OutOfMemoryError("the weights of the new model take %.1f GB, more than the %.1f GB of this "
                    .formatted(bytes / 1e9, totalBytes() / 1e9) + "machine; lower hidden, layers or vocab");
        }
    }
}
