package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// llama.cpp reads the GGUF files that `convert` writes of all golden checkpoints, and computes what the reference
/// does. `GLIA_PYTHON` is a Python that has the packages llama-cpp-python, gguf, numpy and safetensors.
@Tag("peer")
class LlamaCppTest {
    private static final Path TESTS = Path.of("../engine/src/test").toAbsolutePath().normalize();

    @TempDir
    Path folder;

    private static String run(List<String> command, int wanted) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("PYTHONDONTWRITEBYTECODE", "1");
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(wanted, process.waitFor(), output);
        return output;
    }

    @Test
    void readsWhatIsWritten() throws IOException, InterruptedException {
        String python = System.getenv("GLIA_PYTHON");
        assumeTrue(python != null, "GLIA_PYTHON names no Python with llama-cpp-python");
        run(List.of(python, "-c", "import llama_cpp, gguf, safetensors"), 0);
        String glia = "'" + Path.of(System.getProperty("java.home"), "bin", "java")
                + "' --add-modules=jdk.incubator.vector"
                + " --enable-native-access=ALL-UNNAMED -cp '" + System.getProperty("java.class.path")
                + "' glia.cli.Main";
        String table = run(List.of(python, TESTS.resolve("python/check_gguf.py").toString(), glia,
                TESTS.resolve("resources/golden").toString(), folder.toString()), 0);
        System.out.println(table);
    }
}
