package glia.serve.mcp;

import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.answer.AnswerReceiver;
import glia.engine.call.GenerationCall;
import glia.engine.call.GenerationRun;
import glia.engine.call.Prompt;
import glia.engine.embedding.Embedder;
import glia.engine.inspect.ModelSummary;
import glia.io.CheckpointException;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import glia.text.template.ChatMessage;
import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.server.transport.StdioServerTransportProvider;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// Offers a model to other programs as an MCP server: the tools `generate`, `embed`, `tokenize` and `inspect`.
public final class EngineTools {
    private static final Duration LONGEST = Duration.ofMinutes(10);
    private static final int MOST_TEXTS = 256;

    private final LanguageModel model;
    private final String name;

    /// @param name the model's name in results
    public EngineTools(LanguageModel model, String name) {
        this.model = model;
        this.name = name;
    }

    /// Serves the tools over a pair of streams, such as standard input and output, on threads of its own.
    ///
    /// @param version the program's version
    /// @return the server, which the caller closes
    public AutoCloseable serve(InputStream in, OutputStream out, String version) {
        McpSyncServer server = McpServer.sync(new StdioServerTransportProvider(McpJsonDefaults.getMapper(), in, out))
                .serverInfo("glia", version)
                .capabilities(McpSchema.ServerCapabilities.builder().tools(false).build())
                .tools(tool("generate", "Answer a prompt with the language model " + name, Map.of(
                                "prompt", text("the message of the user"), "system", text("system prompt"),
                                "max_tokens", Map.of("type", "integer", "minimum", 1),
                                "temperature", Map.of("type", "number", "minimum", 0)), List.of("prompt"),
                                this::generate),
                        tool("embed", "Embeddings of texts by the model " + name + ", as JSON arrays", Map.of("texts",
                                Map.of("type", "array", "items", Map.of("type", "string"), "minItems", 1)),
                                List.of("texts"), this::embed),
                        tool("tokenize", "Tokens of a text for the model " + name, Map.of("text", text("any text")),
                                List.of("text"), this::tokenize),
                        tool("inspect", "Family, parameters and context length of the model " + name, Map.of(),
                                List.of(), this::inspect))
                .build();
        return server::closeGracefully;
    }

    private static Map<String, Object> text(String description) {
        return Map.of("type", "string", "description", description);
    }

    private interface Work {
        String run(Fields arguments) throws CheckpointException;
    }

    private static SyncToolSpecification tool(String name, String description, Map<String, Object> properties,
            List<String> required, Work work) {
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("type", "object");
        schema.put("properties", properties);
        schema.put("required", required);
        schema.put("additionalProperties", false);
        return SyncToolSpecification.builder()
                .tool(McpSchema.Tool.builder(name, schema).description(description).build())
                .callHandler((_, request) -> call(request.arguments(), work)).build();
    }

    private static CallToolResult call(Map<String, Object> values, Work work) {
        try {
            Fields arguments = new Fields("", values == null ? Map.of() : values);
            String result = work.run(arguments);
            return CallToolResult.builder().addTextContent(result).build();
        } catch (CheckpointException | RuntimeException e) {
            return CallToolResult.builder().addTextContent(String.valueOf(e.getMessage())).isError(true).build();
        }
    }

    private String generate(Fields arguments) {
        List<ChatMessage> messages = new ArrayList<>();
        arguments.text("system").ifPresent(system -> messages.add(ChatMessage.system(system)));
        messages.add(ChatMessage.user(arguments.requiredText("prompt")));
        GenerationOptions options = model.options()
                .withMaxTokens(arguments.integer("max_tokens", 1, Integer.MAX_VALUE).orElse(0));
        if (arguments.has("temperature")) {
            float temperature = arguments.number("temperature", 0, 100).orElseThrow().floatValue();
            options = options.withSampling(options.sampling().withTemperature(temperature));
        }
        arguments.end();
        StringBuilder answer = new StringBuilder();
        AnswerReceiver receiver = (_, piece) -> answer.append(piece);
        Prompt prompt = model.template().isPresent()
                ? new Prompt.Conversation(messages, List.of(), Map.of(), false)
                : new Prompt.Text(messages.getLast().content());
        new GenerationRun(model, new GenerationCall(prompt, options, "", "", LONGEST)).run(receiver, () -> true);
        return answer.toString();
    }

    private String embed(Fields arguments) throws CheckpointException {
        List<String> texts = arguments.texts("texts", MOST_TEXTS);
        arguments.end();
        if (texts.isEmpty()) {
            throw ServeException.badField("texts", "found none, expected at least one");
        }
        Embedder embedder = Embedder.of(model);
        float[][] vectors = embedder.embed(texts.stream().map(embedder::encode).toList(), "", () -> true);
        return Arrays.stream(vectors).map(Arrays::toString).collect(Collectors.joining(",\n", "[", "]"));
    }

    private String tokenize(Fields arguments) {
        int[] ids = model.tokenizer().encodePlain(arguments.requiredText("text"), false);
        arguments.end();
        return Arrays.stream(ids).mapToObj(id -> id + " " + model.tokenizer().piece(id))
                .collect(Collectors.joining("\n", ids.length + " tokens\n", ""));
    }

    private String inspect(Fields arguments) {
        arguments.end();
        ModelSummary summary = ModelSummary.of(model.model());
        return "model: " + name + "\nfamily: " + summary.family() + "\nparameters: " + summary.parameters().total()
                + "\ncontext length: " + model.contextLength() + "\nvocabulary: " + model.tokenizer().vocabSize();
    }
}
