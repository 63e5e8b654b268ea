package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import glia.engine.LanguageModel;
import glia.io.json.JsonTree;
import glia.serve.Server;
import glia.serve.ServerOptions;
import glia.serve.pool.ModelCatalogue.ServedModel;
import glia.serve.pool.ModelPool;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// Load on a model with a small context.
class LoadCommandTest {
    private static String run(Server server, String... words) {
        String[] all = new String[words.length + 2];
        all[0] = "load";
        all[1] = "http://127.0.0.1:" + server.port();
        System.arraycopy(words, 0, all, 2, words.length);
        TestConsole console = new TestConsole("");
        assertEquals(ExitCode.OK, console.run(all), console::err);
        return console.out();
    }

    @Test
    void errorsAreShownWithTheirFirstMessage() throws Exception {
        ModelPool models = new ModelPool();
        models.add(new ServedModel("reasoner", LanguageModel.load("reasoner"), Instant.now()));
        try (Server server = Server.start(models, ServerOptions.defaults().withPort(0))) {
            JsonNode usual = JsonTree.parse(run(server, "--requests", "2", "--json"));
            assertEquals(2, usual.path("complete").asInt(), usual.toString());
            assertTrue(usual.path("error_messages").isEmpty(), usual.toString());
            String table = run(server, "--requests", "2", "--prompt", "300");
            assertTrue(table.contains("  status 400"), table);
            assertTrue(table.lines().anyMatch(line -> line.startsWith("status 400: ") && line.contains("512")), table);
            JsonNode document = JsonTree.parse(run(server, "--requests", "2", "--prompt", "300", "--json"));
            assertEquals(2, document.path("errors").path("status 400").asInt(), document.toString());
            assertTrue(document.path("error_messages").path("status 400").asString().contains("512"),
                    document.toString());
        }
    }
}
