package glia.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.kernels.emitted.EmittedKernels;
import glia.kernels.code.IsaLevel;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class KernelBackendsTest {
    private static final String MODULE = "--add-modules=jdk.incubator.vector";

    /// Runs in its own JVM: chooses a backend, multiplies and prints the choice.
    static final class Program {
        private Program() { }

        public static void main(String[] args) {
            try (Workers workers = new Workers(2); Arena arena = Arena.ofShared()) {
                KernelBackends.Choice choice = KernelBackends.choose(args[0], workers);
                Tensor x = Tensor.of(arena, new float[] {1, 2, 3, 4}, 2, 2);
                Tensor y = Tensor.allocate(arena, DType.F32, 2, 2);
                choice.kernels().linear(y, x, x);
                System.out.println(choice.kernels().name() + " " + (int) y.get(3) + " " + choice.note());
            } catch (IllegalArgumentException e) {
                System.out.println("refused " + e.getMessage());
            }
        }
    }

    private static String run(String name, String... flags) throws IOException, InterruptedException {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        List<String> command = new ArrayList<>(List.of(java.toString()));
        command.addAll(List.of(flags));
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
                Program.class.getName(), name));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertEquals(0, process.waitFor(), output);
        return output;
    }

    private static void assertBegins(String expected, String found) {
        assertTrue(found.startsWith(expected), found);
    }

    /// A processor architecture without emitted code.
    private static final String OTHER = "-Dos.arch=riscv64";

    @Test
    void runsWithoutTheVectorModuleAndReportsIt() throws Exception {
        String output = run("auto", OTHER);
        assertBegins("scalar 25 slow scalar kernels, since the module jdk.incubator.vector is missing; pass "
                + "--kernels vector to glia, or --add-modules jdk.incubator.vector to java; and code is emitted for "
                + "x86-64 only", output);
        assertBegins("refused the vector kernels cannot run: the module", run("vector"));
    }

    @Test
    void choosesTheVectorBackendIfItIsTheBest() throws Exception {
        assertEquals("vector 25", run("auto", MODULE, OTHER));
        assertEquals("vector 25", run("best", MODULE, OTHER));
        assertEquals("vector 25", run("vector", MODULE));
        assertEquals("scalar 25", run("scalar", MODULE));
    }

    @Test
    void aPropertyReplacesTheBestBackend() throws Exception {
        String scalar = "-Dglia.kernels=scalar";
        assertEquals("scalar 25", run("best", MODULE, scalar));
        assertEquals("scalar 25", run("auto", MODULE, scalar));
        assertEquals("vector 25", run("vector", MODULE, scalar), "a backend that is named");
        assertBegins("refused no kernels named 'cuda'", run("auto", "-Dglia.kernels=cuda"));
    }

    @Test
    void choosesTheScalarBackendWithoutC2() throws Exception {
        for (String flag : new String[] {"-Xint", "-XX:TieredStopAtLevel=1"}) {
            String output = run("auto", MODULE, OTHER, flag);
            assertBegins("scalar 25 slow scalar kernels, since the JVM (", output);
            assertTrue(output.contains("without the C2 compiler"), output);
        }
    }

    @Test
    void emitsWhereItCan() throws Exception {
        String output = run("emitted");
        EmittedKernels.obstacle().ifPresentOrElse(
                obstacle -> assertEquals("refused the emitted kernels cannot run, since " + obstacle, output),
                () -> assertBegins("emitted-a", output));
        if (EmittedKernels.obstacle().isEmpty()) {
            String classes = run("auto", "-Xlog:class+load:stdout");
            assertTrue(classes.contains("emitted-a") && classes.contains("EmittedKernels"), classes);
            assertFalse(classes.contains("jdk.incubator"), "the Vector API was loaded for nothing");
        }
    }

    @Test
    void choosesALevelByItsName() {
        try (Workers workers = new Workers(1)) {
            for (IsaLevel level : IsaLevel.values()) {
                String name = "emitted-" + level.label();
                EmittedKernels.obstacle(level).ifPresentOrElse(
                        obstacle -> assertEquals("the " + name + " kernels cannot run, since " + obstacle,
                                assertThrows(IllegalArgumentException.class, () -> KernelBackends.choose(name, workers))
                                        .getMessage()),
                        () -> assertEquals(name, KernelBackends.choose(name, workers).kernels().name()));
            }
            String message = assertThrows(IllegalArgumentException.class,
                    () -> KernelBackends.choose("emitted-sse2", workers)).getMessage();
            assertTrue(message.startsWith("no kernels named 'emitted-sse2'; there are auto, "), message);
        }
    }

    @Test
    void takesOtherKernelsWhereEmittedOnesComputeWrong() {
        assumeTrue(EmittedKernels.obstacle().isEmpty(), "no emitted kernels here");
        try (Workers workers = new Workers(1)) {
            KernelBackends.Choice choice = KernelBackends.choose("auto", workers, _ -> Optional.of("they are wrong"));
            assertTrue(List.of("vector", "scalar").contains(choice.kernels().name()), choice.kernels().name());
            assertTrue(choice.note().contains(choice.kernels().name() + " kernels, since ")
                    && choice.note().endsWith("they are wrong"), choice.note());
            for (String name : new String[] {"emitted", "emitted-avx2"}) {
                String message = assertThrows(IllegalArgumentException.class,
                        () -> KernelBackends.choose(name, workers, _ -> Optional.of("they are wrong"))).getMessage();
                assertEquals("the " + name + " kernels cannot run, since they are wrong", message);
            }
        }
    }

    @Test
    void rejectsUnknownNames() {
        try (Workers workers = new Workers(1)) {
            String message = assertThrows(IllegalArgumentException.class, () -> KernelBackends.choose("cuda", workers))
                    .getMessage();
            assertEquals("no kernels named 'cuda'; there are auto, best, scalar, vector, emitted, emitted-amx, "
                    + "emitted-avx512, emitted-avx-vnni, emitted-avx2", message);
            Kernels scalar = KernelBackends.choose("Scalar", workers).kernels();
            assertEquals(workers, scalar.workers());
        }
    }
}
