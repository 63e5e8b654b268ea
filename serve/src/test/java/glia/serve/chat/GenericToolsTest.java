package glia.serve.chat;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.engine.ToolModel;
import glia.engine.answer.Tools;
import glia.io.json.JsonValues;
import glia.serve.TestServer;
import glia.serve.http.Json;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Tools of a model whose chat template has none.
class GenericToolsTest {
    private static final String TOOLS = ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"mix\","
            + "\"parameters\":{\"properties\":{\"b\":{\"enum\":[1,2]},\"a\":{\"type\":\"boolean\"}},"
            + "\"required\":[\"a\"]}}}"
            + ",{\"type\":\"function\",\"function\":{\"name\":\"go\"}}]";
    private static final String QUESTION = "{\"role\":\"user\",\"content\":\"Hi\"}";

    @TempDir
    private static Path folder;

    @AutoClose
    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        LanguageModel model = ToolModel.load(folder,
                "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}");
        server = TestServer.of("plain", model);
    }

    private static Object message(String messages, String fields) throws Exception {
        var reply = server.post("/v1/chat/completions", "{\"temperature\":1,\"seed\":7,\"max_tokens\":150,"
                + "\"logit_bias\":" + Json.text(ToolModel.withoutBlanks()) + ",\"messages\":[" + messages + "]"
                + fields + "}");
        assertEquals(200, reply.status(), reply::text);
        return at(reply.json(), "choices", 0, "message");
    }

    @Test
    void aRequiredCallIsMadeAndItsResultRead() throws Exception {
        Object named = message(QUESTION, TOOLS
                + ",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"mix\"}}");
        assertEquals("mix", at(named, "tool_calls", 0, "function", "name"));
        String text = (String) at(named, "tool_calls", 0, "function", "arguments");
        Map<?, ?> arguments = (Map<?, ?>) JsonValues.parse(text);
        assertTrue(arguments.get("a") instanceof Boolean, text);
        assertTrue(List.of("a", "b").containsAll(arguments.keySet()), text);
        Object any = message(QUESTION, TOOLS + ",\"parallel_tool_calls\":false,\"tool_choice\":\"required\"");
        assertTrue(List.of("mix", "go").contains(at(any, "tool_calls", 0, "function", "name")), any::toString);
        String id = (String) at(named, "tool_calls", 0, "id");
        String result = QUESTION + ",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"" + id
                + "\",\"type\":\"function\",\"function\":{\"name\":\"mix\",\"arguments\":\"{}\"}}]},"
                + "{\"role\":\"tool\",\"tool_call_id\":\"" + id + "\",\"content\":\"blue\"}";
        String rendered = server.post("/apply-template", "{\"messages\":[" + result + "]" + TOOLS + "}").text();
        assertTrue(rendered.contains("<tool_response>\\nblue\\n</tool_response>"), rendered);
        assertTrue(message(result, TOOLS) instanceof Map<?, ?>);
    }
}
