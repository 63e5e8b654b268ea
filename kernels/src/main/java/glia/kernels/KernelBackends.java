package glia.kernels;

import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.kernels.emitted.EmittedKernels;
import glia.kernels.code.CodePages.CodeUnavailableException;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.SystemMemory;
import glia.tensor.kernel.scalar.ScalarKernels;
import glia.kernels.vector.VectorKernels;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import jdk.incubator.vector.VectorShape;

/// Selects the kernel backend for this machine and JVM.
///
/// No class of the module `jdk.incubator.vector` is loaded before the module is known to be present, so the program
/// also runs without it.
public final class KernelBackends {
    private static final String EMITTED = "emitted-";

    /// The names that `choose` accepts. `emitted` is the best instruction-set level of the emitted backend that the
    /// processor has; the names beginning with `emitted-` select one level.
    public static final String NAMES = "auto, best, scalar, vector, emitted"
            + IsaLevel.labels().stream().map(label -> ", " + EMITTED + label).collect(Collectors.joining());

    /// The system property whose value, the name of a backend, replaces `auto` and `best`, for instance to run tests
    /// with each backend of a machine.
    public static final String PROPERTY = "glia.kernels";

    private static final String VECTOR_MODULE = "jdk.incubator.vector";
    private static final int MIN_BITS = 128;

    /// A kernel backend, and why it is not a better one.
    ///
    /// @param kernels the backend
    /// @param note a sentence for the user, empty if the best backend was chosen or one was requested by name
    public record Choice(Kernels kernels, String note) {
        /// The batch-invariant form of the same backend.
        public Choice batchInvariant() {
            return new Choice(kernels.batchInvariant(), note);
        }
    }

    /// Queries the vector width. A class of its own, loaded only if the module is present.
    private static final class Vectors {
        static int bits() {
            return VectorShape.preferredShape().vectorBitSize();
        }
    }

    private KernelBackends() { }

    /// Early initialization: makes the first call of machine code, for which the JDK generates classes (20 ms), so that
    /// a later choice does not wait for it. Thread-safe.
    public static void warmUp() {
        EmittedKernels.obstacle();
    }

    /// Gives whole pages of private memory back to the system; what they held is lost, and they are committed again on
    /// access.
    ///
    /// @throws IllegalArgumentException if the system has no such call
    public static void giveBack(MemorySegment memory) {
        try {
            SystemMemory.giveBack(memory);
        } catch (CodeUnavailableException e) {
            throw new IllegalArgumentException("memory cannot be given back to this system: " + e.getMessage(), e);
        }
    }

    /// Creates the backend of this name. `best` is the fastest that can run (emitted, vector, scalar). `auto` is the
    /// same, but a vector backend starts on scalar kernels, so that the first answer does not wait for the JIT
    /// compiler. The system property `glia.kernels` replaces both.
    ///
    /// @throws IllegalArgumentException if the name is unknown or the backend cannot run here; the message says why
    public static Choice choose(String name, Workers workers) {
        boolean isOpen = name.equalsIgnoreCase("auto") || name.equalsIgnoreCase("best");
        String property = System.getProperty(PROPERTY, "");
        return choose(isOpen && !property.isBlank() ? property : name, workers, EmittedKernels::selfTest);
    }

    /// @param selfTest returns what is wrong with emitted kernels, if anything
    static Choice choose(String name, Workers workers, Function<EmittedKernels, Optional<String>> selfTest) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "scalar" -> new Choice(new ScalarKernels(workers), "");
            case "vector" -> {
                vectorObstacle().ifPresent(obstacle -> {
                    throw new IllegalArgumentException("the vector kernels cannot run: " + obstacle);
                });
                yield new Choice(new VectorKernels(workers), "");
            }
            case "emitted" -> {
                require(name, EmittedKernels.obstacle());
                yield tested(name, new EmittedKernels(workers), selfTest);
            }
            case "best", "auto" -> best(workers, name.equalsIgnoreCase("auto"), selfTest);
            default -> tested(name, new EmittedKernels(workers, level(name)), selfTest);
        };
    }

    private static Choice tested(
            String name, EmittedKernels kernels, Function<EmittedKernels, Optional<String>> selfTest) {
        require(name, selfTest.apply(kernels));
        return new Choice(kernels, "");
    }

    private static IsaLevel level(String name) {
        Optional<IsaLevel> named = name.toLowerCase(Locale.ROOT).startsWith(EMITTED)
                ? IsaLevel.named(name.substring(EMITTED.length())) : Optional.empty();
        IsaLevel level = named.orElseThrow(() ->
                new IllegalArgumentException("no kernels named '" + name + "'; there are " + NAMES));
        require(name, EmittedKernels.obstacle(level));
        return level;
    }

    private static void require(String name, Optional<String> obstacle) {
        obstacle.ifPresent(why -> {
            throw new IllegalArgumentException("the " + name + " kernels cannot run, since " + why);
        });
    }

    private static Choice best(
            Workers workers, boolean coldStart, Function<EmittedKernels, Optional<String>> selfTest) {
        Optional<String> notEmitted = EmittedKernels.obstacle();
        String wrong = "";
        if (notEmitted.isEmpty()) {
            EmittedKernels emitted = new EmittedKernels(workers);
            notEmitted = selfTest.apply(emitted);
            if (notEmitted.isEmpty()) {
                return new Choice(emitted, "");
            }
            wrong = "vector kernels, since " + notEmitted.get();
        }
        Optional<String> notVector = vectorObstacle();
        if (notVector.isPresent()) {
            return new Choice(new ScalarKernels(workers), "slow scalar kernels, since " + notVector.get()
                    + "; and " + notEmitted.get());
        }
        Kernels vector = new VectorKernels(workers);
        return new Choice(coldStart ? ColdStart.of(new ScalarKernels(workers), vector) : vector, wrong);
    }

    /// Why vector kernels cannot run, or would be slower than scalar ones.
    private static Optional<String> vectorObstacle() {
        String vm = System.getProperty("java.vm.name", "") + ", " + System.getProperty("java.vm.info", "");
        if (ModuleLayer.boot().findModule(VECTOR_MODULE).isEmpty()) {
            return Optional.of("the module " + VECTOR_MODULE
                    + " is missing; pass --kernels vector to glia, or --add-modules " + VECTOR_MODULE + " to java");
        }
        if (vm.contains("interpreted mode") || vm.contains("client") || vm.contains("Client") || vm.contains("Zero")) {
            return Optional.of("the JVM (" + vm + ") runs without the C2 compiler, which makes them fast; "
                    + "start java without -Xint and -XX:TieredStopAtLevel");
        }
        int bits = Vectors.bits();
        if (bits < MIN_BITS) {
            return Optional.of("the processor's vectors have " + bits + " bits, less than " + MIN_BITS);
        }
        return Optional.empty();
    }
}
