package glia.kernels.code;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.kernels.asm.Assembler;
import glia.kernels.asm.Operand.Gpr;
import glia.kernels.code.CodePages.CodeUnavailableException;
import glia.kernels.code.CodePages.Function;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CodePagesTest {
    /// Linux's prctl option that denies making writable memory executable.
    private static final int SET_MDWE = 65;

    @BeforeEach
    void onlyWhereCodeIsEmitted() {
        assumeTrue(Processor.platformObstacle().isEmpty(), "no code is emitted here");
    }

    /// `a · b + c`.
    private static byte[] multiplyAndAdd() {
        var a = new Assembler();
        a.mov(Gpr.RAX, Gpr.RDI);
        a.imul(Gpr.RAX, Gpr.RSI);
        a.add(Gpr.RAX, Gpr.RDX);
        a.ret();
        return a.toBytes();
    }

    /// The last argument.
    private static byte[] sixth() {
        var a = new Assembler();
        a.mov(Gpr.RAX, Gpr.R9);
        a.ret();
        return a.toBytes();
    }

    /// The access rights of the page at an address, such as `r-xp`; empty if nothing is mapped.
    private static String rights(long address) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/maps"))) {
            String[] fields = line.split(" ");
            String[] range = fields[0].split("-");
            if (Long.compareUnsigned(address, Long.parseUnsignedLong(range[0], 16)) >= 0
                    && Long.compareUnsigned(address, Long.parseUnsignedLong(range[1], 16)) < 0) {
                return fields[1];
            }
        }
        return "";
    }

    @ParameterizedTest
    @EnumSource(CodePages.Way.class)
    void functionsRunFromPagesThatCannotBeWritten(CodePages.Way way) throws IOException {
        assumeTrue(Files.exists(Path.of("/proc/self/maps")), "no /proc/self/maps");
        long address;
        try (Arena arena = Arena.ofConfined()) {
            CodePages pages = CodePages.seal(arena, List.of(multiplyAndAdd(), sixth()), List.of(way));
            address = pages.function(1).address();
            assertEquals(41, pages.function(0).call(5, 7, 6, 0, 0, 0));
            assertEquals(-6, pages.function(1).call(1, 2, 3, 4, 5, -6));
            assertEquals("r-x", rights(address).substring(0, 3));
            assertEquals(pages.function(0).address() + 64, address);
            assertEquals(4096, pages.sizeBytes());
        }
        assertEquals("", rights(address));
    }

    @Test
    void reportsWhyThereIsNoExecutableMemory() {
        try (Arena arena = Arena.ofConfined()) {
            assertEquals("the system refuses executable memory: ", assertThrows(CodeUnavailableException.class,
                    () -> CodePages.seal(arena, List.of(sixth()), List.of())).getMessage());
        }
    }

    /// Runs in its own JVM, on a system that denies making writable memory executable.
    static final class Refused {
        private Refused() { }

        @SuppressWarnings("restricted")
        public static void main(String[] args) throws Throwable {
            var j = ValueLayout.JAVA_LONG;
            var linker = Linker.nativeLinker();
            var prctl = linker.downcallHandle(linker.defaultLookup().find("prctl").orElseThrow(),
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, j, j, j, j),
                    Linker.Option.firstVariadicArg(1));
            int result = (int) prctl.invokeExact(SET_MDWE, 1L, 0L, 0L, 0L);
            System.out.print(result + " ");
            try (Arena arena = Arena.ofConfined()) {
                System.out.print(CodePages.seal(arena, List.of(sixth())).function(0).call(0, 0, 0, 0, 0, 9) + " ");
                CodePages.seal(arena, List.of(sixth()), List.of(CodePages.Way.PROTECT));
            } catch (CodeUnavailableException e) {
                System.out.print(e.getMessage());
            }
        }
    }

    @Test
    void usesAnInMemoryFileIfMprotectIsRefused() throws Exception {
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
                Refused.class.getName()).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String output = new String(process.getInputStream().readAllBytes());
        assertEquals(0, process.waitFor(), output);
        assumeTrue(output.startsWith("0 "), "the system cannot refuse: " + output);
        assertEquals("0 9 the system refuses executable memory: mprotect fails (error 13, not permitted)", output);
    }

    @Test
    void automaticArenasKeepPagesWhileAFunctionIsReachable() throws Exception {
        Function function = CodePages.seal(Arena.ofAuto(), List.of(sixth())).function(0);
        for (int i = 0; i < 3; i++) {
            System.gc();
            Thread.sleep(10);
            assertEquals(i, function.call(0, 0, 0, 0, 0, i));
        }
        assertTrue(function.address() != 0);
    }
}
