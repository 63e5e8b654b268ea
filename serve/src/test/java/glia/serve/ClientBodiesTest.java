package glia.serve;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.ToolModel;
import glia.serve.http.Json;
import java.nio.file.Path;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Bodies as clients send them: each field has its effect or is accepted.
class ClientBodiesTest {
    private static final String USER = "{\"role\":\"user\",\"content\":\"2+2\"}";
    private static final String FUNCTIONS = "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"add\"}},"
            + "{\"type\":\"function\",\"function\":{\"name\":\"sub\",\"parameters\":{\"type\":\"object\"}}}]";

    @TempDir
    private static Path folder;
    @AutoClose
    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        server = TestServer.start(ToolModel.NAME, ToolModel.load(folder));
    }

    private static String greedy(String most) {
        return ",\"temperature\":0,\"" + most + "\":40,\"logit_bias\":" + Json.text(ToolModel.withoutBlanks());
    }

    private static String prompt(String body) throws Exception {
        var reply = server.post("/apply-template", body);
        assertEquals(200, reply.status(), reply::text);
        return (String) reply.json().get("prompt");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\u0001', value = {
        // OpenAI, the AI SDK
        "'verbosity':'low','prediction':{'type':'content','content':'4'},'reasoning_effort':'high',"
                + "'prompt_cache_options':{'mode':'implicit'}",
        "'thinking':{'type':'enabled','budget_tokens':8},'enable_thinking':true",
        // vLLM
        "'min_tokens':1,'stop_token_ids':[2],'skip_special_tokens':true,'spaces_between_special_tokens':true,"
                + "'add_generation_prompt':true,'include_reasoning':true,'use_beam_search':false,'length_penalty':1.0",
        // llama-server
        "'cache_prompt':true,'n_predict':2,'repeat_penalty':1.1,'repeat_last_n':64,'typical_p':1.0,'mirostat':0,"
                + "'samplers':['top_k'],'timings_per_token':true,'id_slot':-1,'reasoning_format':'auto'"})
    void chatsOfModelsWithoutThinking(String fields) throws Exception {
        var reply = server.post("/v1/chat/completions", "{\"model\":\"tools\",\"messages\":[" + USER
                + "],\"max_tokens\":3," + fields.replace('\'', '"') + "}");
        assertEquals(200, reply.status(), reply::text);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\u0001', value = {
        "'thinking':{'type':'enabled','budget_tokens':1024}", "'thinking':{'type':'adaptive','display':'updates'}",
        "'thinking':{'type':'between_tools'},'output_config':{'task_budget':{'type':'tokens','total':50}}",
        "'context_management':{'edits':[{'type':'clear_thinking_20251015','keep':'all'},"
                + "{'type':'clear_tool_uses_20250919','trigger':{'type':'input_tokens','value':9}}]}",
        "'mcp_servers':[],'speed':'standard','diagnostics':{'previous_message_id':null},'fallbacks':'default'",
        "'output_format':{'type':'json_schema','schema':{'enum':['a']}}"})
    void messagesOfModelsWithoutThinking(String fields) throws Exception {
        var reply = server.post("/v1/messages", "{\"model\":\"tools\",\"messages\":[" + USER
                + "],\"max_tokens\":9," + fields.replace('\'', '"') + "}");
        assertEquals(200, reply.status(), reply::text);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\u0001', value = {
        "'text':{'verbosity':'high'},'reasoning':{'summary':'concise','effort':'low'},'max_tool_calls':3",
        "'include':['web_search_call.action.sources','code_interpreter_call.outputs','reasoning.encrypted_content']",
        "'background_options':{'completion_window':'soonest'},'prompt_cache_options':{'prewarm':false}"})
    void responses(String fields) throws Exception {
        var reply = server.post("/v1/responses", "{\"model\":\"tools\",\"input\":\"2+2\",\"max_output_tokens\":3,"
                + fields.replace('\'', '"') + "}");
        assertEquals(200, reply.status(), reply::text);
    }

    /// A call that the most tokens cut off is part of the next request.
    @Test
    void cutCallsReturn() throws Exception {
        String chat = "{\"model\":\"tools\",\"max_tokens\":3," + FUNCTIONS + ",\"messages\":[" + USER + ",{\"role\":"
                + "\"assistant\",\"tool_calls\":[{\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"add\","
                + "\"arguments\":\"{\\\"a\\\": [1, \"}}]}," + USER + "]}";
        assertEquals(200, server.post("/v1/chat/completions", chat).status());
        String text = prompt(chat.replace("\"max_tokens\":3,", ""));
        assertTrue(text.contains("{\"arguments\": \"{\\\"a\\\": [1, \"}"), text);
        assertEquals(200, server.post("/v1/responses", "{\"model\":\"tools\",\"max_output_tokens\":3,\"input\":[" + USER
                + ",{\"type\":\"function_call\",\"call_id\":\"a\",\"name\":\"add\",\"arguments\":\"{\\\"a\","
                + "\"status\":\"incomplete\"}," + USER + "]}").status());
    }

    @Test
    void allowedToolsAreThoseOfThePrompt() throws Exception {
        String body = "{\"model\":\"tools\",\"messages\":[" + USER + "]," + FUNCTIONS + ",\"tool_choice\":{\"type\":"
                + "\"allowed_tools\",\"allowed_tools\":{\"mode\":\"required\",\"tools\":[{\"type\":\"function\","
                + "\"function\":{\"name\":\"add\"}}]}}%s}";
        String prompt = prompt(body.formatted(""));
        assertTrue(prompt.startsWith("add <tool_call>"), prompt);
        var reply = server.post("/v1/chat/completions", body.formatted(greedy("max_tokens")));
        assertEquals("add", at(reply.json(), "choices", 0, "message", "tool_calls", 0, "function", "name"));
        var flat = server.post("/v1/responses", "{\"model\":\"tools\",\"input\":\"a\",\"store\":false"
                + greedy("max_output_tokens") + ",\"tools\":"
                + "[{\"type\":\"function\",\"name\":\"add\"},{\"type\":\"function\",\"name\":\"sub\"}],"
                + "\"tool_choice\":{\"type\":\"allowed_tools\",\"mode\":\"required\",\"tools\":"
                + "[{\"type\":\"function\",\"name\":\"sub\"}]}}");
        assertEquals("sub", at(flat.json(), "output", 0, "name"));
        var unknown = server.post("/v1/chat/completions", body.formatted("").replace("{\"name\":\"add\"}}]}}",
                "{\"name\":\"mul\"}}]}}"));
        assertTrue(unknown.text().contains("expected the name of one of the tools: add, sub"), unknown::text);
    }

    @Test
    void thePromptEndsAsTheRequestSays() throws Exception {
        String body = "{\"model\":\"tools\",\"messages\":[" + USER + ",{\"role\":\"assistant\",\"content\":\"It\"}]%s}";
        String whole = prompt(body.formatted(""));
        assertTrue(whole.endsWith("assistant: "), whole);
        String none = prompt(body.formatted(",\"add_generation_prompt\":false"));
        assertFalse(none.endsWith("assistant: "), none);
        String continued = ",\"add_generation_prompt\":false,\"continue_final_message\":true";
        String open = prompt(body.formatted(continued));
        assertTrue(open.endsWith("assistant: It"), open);
        String request = body.formatted(continued + ",\"max_tokens\":2");
        assertEquals(200, server.post("/v1/chat/completions", request).status());
    }

    @Test
    void thinkingOfAModelWithoutIsAWarning() throws Exception {
        var reply = server.post("/api/chat", "{\"model\":\"tools\",\"messages\":[" + USER
                + "],\"think\":true,\"options\":{\"num_ctx\":99999,\"num_predict\":2}}");
        assertEquals(200, reply.status(), reply::text);
        String warning = reply.response().headers().firstValue("x-glia-warning").orElse("");
        assertTrue(warning.contains("options.num_ctx: found 99999") && warning.contains("; think: this"), warning);
    }

    @ParameterizedTest
    @CsvSource({"temprature, temperature", "maxTokens, max_tokens", "response_fromat, response_format",
        "max_new_tokens, max_tokens", "stopTokenIds, stop_token_ids", "include_usage, stream_options.include_usage"})
    void unknownFieldsAreRefusedWithTheNearestName(String field, String nearest) throws Exception {
        var reply = server.post("/v1/chat/completions", "{\"messages\":[" + USER + "],\"" + field + "\":1}");
        assertEquals(400, reply.status());
        String message = (String) at(reply.json(), "error", "message");
        assertEquals(field + ": this field is not supported; did you mean " + nearest + "? Else leave it out", message);
    }
}
