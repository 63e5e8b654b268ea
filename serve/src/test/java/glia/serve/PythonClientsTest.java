package glia.serve;

import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.engine.ToolModel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Clients in Python, unchanged.
@Tag("peer")
class PythonClientsTest {
    @TempDir
    private Path folder;

    /// A model with tools. Nearly uniform choices end runs of blanks, of which JSON may have any number.
    private LanguageModel tools() throws Exception {
        ToolModel.load(folder).close();
        Files.writeString(folder.resolve("generation_config.json"),
                "{\"temperature\": 100.0, \"top_k\": 0, \"top_p\": 1.0, \"min_p\": 0.0}");
        return LanguageModel.load(folder);
    }

    @ParameterizedTest
    @ValueSource(strings = {"anthropic", "ollama", "openai", "litellm"})
    void clientsWorkUnchanged(String name) throws Exception {
        try (TestServer server = TestServer.start(ToolModel.NAME, tools())) {
            String said = PythonClients.run("clients", name + "_client.py", server.uri("").toString(), TestServer.MODEL,
                    ToolModel.NAME);
            assertTrue(said.strip().startsWith(name), said);
        }
    }
}
