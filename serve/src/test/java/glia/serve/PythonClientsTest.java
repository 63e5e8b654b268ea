package glia.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Clients in Python, unchanged. `GLIA_PYTHON` is a Python that has the packages anthropic and ollama.
@Tag("peer")
class PythonClientsTest {
    @ParameterizedTest
    @ValueSource(strings = {"anthropic", "ollama"})
    void clientsWorkUnchanged(String name) throws Exception {
        String python = System.getenv("GLIA_PYTHON");
        assumeTrue(python != null, "GLIA_PYTHON names no Python with " + name);
        try (TestServer server = TestServer.start()) {
            Process process = new ProcessBuilder(python, "-B",
                    Path.of("src/test/python", name + "_client.py").toString(), server.uri("").toString(),
                    TestServer.MODEL).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(0, process.waitFor(), output);
        }
    }
}
