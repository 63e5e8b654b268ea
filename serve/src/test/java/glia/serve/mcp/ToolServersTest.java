package glia.serve.mcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.engine.answer.Tools;
import glia.text.template.ToolCall;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Tools of servers that run as child processes: one of the official SDK alone, and the engine's own.
class ToolServersTest {
    static String command(Class<?> main) {
        return "'" + Path.of(System.getProperty("java.home"), "bin", "java") + "' --add-modules=jdk.incubator.vector "
                + "--enable-native-access=ALL-UNNAMED -XX:TieredStopAtLevel=1 -Xlog:disable -cp '"
                + System.getProperty("java.class.path") + "' " + main.getName();
    }

    private static ToolCall call(String name, Map<String, Object> arguments) {
        return new ToolCall("1", name, arguments);
    }

    @Test
    void toolsAreListedAndCalled() throws IOException {
        try (ToolServers tools = ToolServers.connect(List.of(command(SampleServer.class)))) {
            assertEquals(List.of("add", "fail", "crash", "exit"), tools.names());
            assertEquals("Adds two numbers", ((Map<?, ?>) tools.schemas().getFirst().get("function"))
                    .get("description"));
            assertEquals("5.5", tools.call(call("add", Map.of("a", 2, "b", 3.5))));
            assertEquals("Error: no luck", tools.call(call("fail", Map.of())));
            assertTrue(tools.call(call("crash", Map.of())).startsWith("Error: "));
            assertTrue(tools.call(call("add", Map.of("a", 2))).startsWith("Error: "));
            assertTrue(tools.call(call("subtract", Map.of())).startsWith("Error: there is no tool 'subtract'"));
            // As tools of a server, each call is approved.
            Tools served = new McpTools(tools, new ToolConversation.Approval() {
                @Override
                public boolean approves(ToolCall call) {
                    return call.arguments().get("a").equals(2);
                }

                @Override
                public void result(ToolCall call, String result) { }
            });
            assertEquals(tools.schemas(), served.schemas());
            assertEquals("5.0", served.call(call("add", Map.of("a", 2, "b", 3))));
            assertTrue(served.call(call("add", Map.of("a", 1, "b", 3))).startsWith("Error: this call was not allowed"));
            assertEquals("3.0", tools.call(call("add", Map.of("a", 1, "b", 2))));
            assertEquals("Error: the server has ended", tools.call(call("exit", Map.of())));
            assertEquals("7.0", tools.call(call("add", Map.of("a", 3, "b", 4))), "started again");
        }
    }

    @Test
    void theEnginesToolsAnswerAsTheModel() throws IOException {
        try (ToolServers tools = ToolServers.connect(List.of(command(EngineServer.class)));
                LanguageModel model = LanguageModel.load("reasoner"); var chat = model.chat()) {
            assertEquals(List.of("generate", "embed", "tokenize", "inspect"), tools.names());
            String question = "Solve x^2 - 5x + 6 = 0.";
            chat.options(model.options().withSampling(model.options().sampling().withTemperature(0)));
            assertEquals(chat.say(question),
                    tools.call(call("generate", Map.of("prompt", question, "temperature", 0))));
            int tokens = model.tokenizer().encodePlain(question, false).length;
            assertTrue(tools.call(call("tokenize", Map.of("text", question))).startsWith(tokens + " tokens\n"));
            assertTrue(tools.call(call("inspect", Map.of())).contains("context length: " + model.contextLength()));
            assertTrue(tools.call(call("generate", Map.of())).startsWith("Error: "));
            assertTrue(tools.call(call("embed", Map.of("texts", List.of("a", "b")))).startsWith("[["));
        }
    }

    /// A program that reads its input and says nothing, as `npx` while it installs a package.
    @Test
    void aCommandThatDoesNotAnswerIsAnErrorThatSaysWhatToTry() throws IOException {
        List<String> starting = new ArrayList<>();
        var late = assertThrows(IOException.class, () -> ToolServers.connect(
                List.of("sh -c 'echo installing >&2; exec sleep 60'"), starting::add, Duration.ofSeconds(2)));
        assertTrue(late.getMessage().contains("no answer within 2 seconds; try the command by itself"),
                late.getMessage());
        assertTrue(late.getMessage().endsWith("it wrote:\n  installing"), late.getMessage());
        assertEquals(List.of("sh -c 'echo installing >&2; exec sleep 60'"), starting);
    }

    @Test
    void whatIsNoServerIsAnErrorThatNamesIt() {
        var e = assertThrows(IOException.class, () -> ToolServers.connect(List.of("/no/such/program --x")));
        assertTrue(e.getMessage().startsWith("MCP server '/no/such/program --x': "), e.getMessage());
        assertFalse(Stream.iterate((Throwable) e, c -> c != null, Throwable::getCause)
                .anyMatch(c -> c instanceof TimeoutException), "an error at once: " + e.getMessage());
        String java = "'" + Path.of(System.getProperty("java.home"), "bin", "java") + "' -version";
        var ended = assertThrows(IOException.class, () -> ToolServers.connect(List.of(java)));
        assertTrue(ended.getMessage().contains("the server has ended"), ended.getMessage());
        assertTrue(ended.getMessage().contains("; it wrote:\n"), ended.getMessage());
        var http = assertThrows(IOException.class, () -> ToolServers.connect(List.of("http://127.0.0.1:1/mcp")));
        assertTrue(http.getMessage().contains("http://127.0.0.1:1/mcp"), http.getMessage());
    }
}
