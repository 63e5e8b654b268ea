package glia.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Programs in Python under `src/test/python`, each set with the packages of a requirements file in a virtual
/// environment under `target`, which is made when it is first needed. `GLIA_PYTHON` is a Python with the packages
/// instead.
final class PythonClients {
    private static final Path SOURCES = Path.of("src", "test", "python");

    private PythonClients() { }

    /// The Python of a requirements file without its suffix.
    private static String python(String requirements) throws Exception {
        String own = System.getenv("GLIA_PYTHON");
        if (own != null) {
            return own;
        }
        Path file = SOURCES.resolve(requirements + ".txt");
        Path folder = Path.of("target", "python", requirements).toAbsolutePath();
        Path python = folder.resolve("bin", "python");
        Path made = folder.resolve("made.txt");
        if (!Files.exists(made) || Files.mismatch(made, file) != -1) {
            assumeTrue(hasPython(), "python3 with the module venv is not installed");
            Files.createDirectories(folder);
            output(List.of("python3", "-m", "venv", "--clear", folder.toString()));
            output(List.of(python.toString(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r",
                    file.toString()));
            Files.copy(file, made);
        }
        return python.toString();
    }

    private static boolean hasPython() throws InterruptedException {
        try {
            return new ProcessBuilder("python3", "-c", "import venv, ensurepip").redirectErrorStream(true).start()
                    .waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    /// Runs a program and returns what it prints.
    ///
    /// @param requirements the requirements file, without its suffix
    static String run(String requirements, String program, String... arguments) throws Exception {
        List<String> line = new ArrayList<>(List.of(python(requirements), "-B", SOURCES.resolve(program).toString()));
        line.addAll(List.of(arguments));
        return output(line);
    }

    private static String output(List<String> line) throws Exception {
        Path errors = Files.createTempFile("glia-python", ".err");
        ProcessBuilder builder = new ProcessBuilder(line).redirectError(errors.toFile());
        // Nothing is downloaded but packages.
        builder.environment().put("HF_HUB_OFFLINE", "1");
        builder.environment().put("NO_PROXY", "127.0.0.1,localhost");
        Process process = builder.start();
        try {
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(process.waitFor(1, TimeUnit.MINUTES), () -> line + " does not end");
            String said = Files.readString(errors);
            assertEquals(0, process.exitValue(), () -> line + "\n" + output + said);
            return output;
        } finally {
            process.destroy();
            Files.deleteIfExists(errors);
        }
    }
}
