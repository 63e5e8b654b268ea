package glia.kernels.asm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Compares with GNU `as`, if it is installed. `-Dglia.asm.list=FILE` writes the list of bytes for `AssemblerTest`; run
/// it after adding an instruction.
@Tag("peer")
class SystemAssemblerTest {
    @TempDir
    Path folder;

    /// The output of `as` for each text, in hexadecimal digits. Zeros separate the instructions.
    private List<String> assemble(List<Cases.Case> cases) throws IOException, InterruptedException {
        Path source = folder.resolve("cases.s");
        Path object = folder.resolve("cases.o");
        Path binary = folder.resolve("cases.bin");
        var text = new StringBuilder(".intel_syntax noprefix\n.text\n");
        for (int i = 0; i < cases.size(); i++) {
            text.append(".balign 32, 0\n").append(cases.get(i).text()).append("\nend").append(i).append(":\n");
        }
        text.append(".balign 32, 0\n");
        for (int i = 0; i < cases.size(); i++) {
            text.append(".byte end").append(i).append(" - .text - ").append(32 * i).append('\n');
        }
        Files.writeString(source, text);
        run("as", "-o", object.toString(), source.toString());
        run("objcopy", "-O", "binary", "-j", ".text", object.toString(), binary.toString());
        byte[] all = Files.readAllBytes(binary);
        List<String> bytes = new ArrayList<>();
        for (int i = 0; i < cases.size(); i++) {
            bytes.add(HexFormat.of().formatHex(all, 32 * i, 32 * i + all[32 * cases.size() + i]));
        }
        return bytes;
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        assertEquals(0, process.waitFor(), output);
    }

    private static boolean isInstalled() {
        try {
            return new ProcessBuilder("as", "--version").redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor() == 0;
        } catch (IOException | InterruptedException e) {
            return false;
        }
    }

    @Test
    void randomOperandsAreEncodedAlike() throws Exception {
        assumeTrue(isInstalled() && System.getProperty("os.arch").equals("amd64"), "no GNU as for x86-64 here");
        List<Cases.Case> cases = Cases.random(new Random(1), 100);
        List<String> expected = assemble(cases);
        var complaints = new StringBuilder();
        for (int i = 0; i < cases.size(); i++) {
            Cases.Case c = cases.get(i);
            if (!c.hex().equals(expected.get(i))) {
                complaints.append('\n').append(c.text()).append(": ").append(expected.get(i)).append(" expected, ")
                        .append(c.hex()).append(" found");
            }
        }
        assertEquals("", complaints.toString());
    }

    @Test
    void writesTheListWhereAskedTo() throws Exception {
        String file = System.getProperty("glia.asm.list");
        assumeTrue(file != null && isInstalled(), "not asked to");
        List<Cases.Case> cases = Cases.listed();
        List<String> bytes = assemble(cases);
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < cases.size(); i++) {
            lines.add(bytes.get(i) + " " + cases.get(i).text());
        }
        Files.write(Path.of(file), lines.stream().distinct().toList());
    }
}
