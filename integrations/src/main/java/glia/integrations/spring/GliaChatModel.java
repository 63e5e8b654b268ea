package glia.integrations.spring;

import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.answer.CollectedAnswer;
import glia.engine.answer.ToolChoice;
import glia.engine.call.CallException;
import glia.engine.call.JsonForms;
import glia.engine.call.Prompt.Conversation;
import glia.engine.grammar.Grammar;
import glia.integrations.EngineCalls.Pieces;
import glia.integrations.EngineCalls.Settings;
import glia.integrations.EngineCalls;
import glia.io.json.JsonValues;
import glia.text.template.ChatMessage;
import glia.text.template.ToolCall;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.ToolResponseMessage;
import org.springframework.ai.chat.metadata.ChatGenerationMetadata;
import org.springframework.ai.chat.metadata.ChatResponseMetadata;
import org.springframework.ai.chat.metadata.DefaultUsage;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.model.Generation;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.content.MediaContent;
import org.springframework.ai.model.tool.StructuredOutputChatOptions;
import org.springframework.ai.model.tool.ToolCallingChatOptions;
import org.springframework.ai.tool.ToolCallback;
import org.springframework.ai.tool.definition.ToolDefinition;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import tools.jackson.core.JacksonException;

/// A model of the engine, in the same process, as Spring AI's [ChatModel]. For any threads.
///
/// ```java
/// ChatClient client = ChatClient.create(GliaChatModel.of(LanguageModel.load("owner/name")));
/// ```
public final class GliaChatModel implements ChatModel {
    private final LanguageModel model;
    private final String name;
    private final ChatOptions options;

    private GliaChatModel(LanguageModel model, String name, ChatOptions options) {
        this.model = model;
        this.name = name;
        this.options = options;
    }

    /// A chat model without options of its own. The caller closes `model`.
    public static GliaChatModel of(LanguageModel model) {
        return of(model, "glia", ChatOptions.builder().build());
    }

    /// A chat model with a name and default options. The caller closes `model`.
    ///
    /// @param name the model's name in responses
    /// @param options those of prompts that set none
    public static GliaChatModel of(LanguageModel model, String name, ChatOptions options) {
        return new GliaChatModel(model, name, options);
    }

    /// The options of prompts that set none. They have a place for tools and schemas, since a `ChatClient` leaves these
    /// out where they have none.
    @Override
    public GliaChatOptions getOptions() {
        return GliaChatOptions.of(options).mutate().model(name).build();
    }

    @Override
    public ChatResponse call(Prompt prompt) {
        return run(prompt, _ -> { }, () -> !Thread.currentThread().isInterrupted())
                .map(result -> response(result, result.text(), result.thinking()))
                .orElseThrow(() -> new IllegalStateException("the thread was interrupted"));
    }

    /// Streams pieces of the answer; the last response has the reason of its end, its tool calls and its tokens. The
    /// answer is generated while there is a subscriber.
    @Override
    public Flux<ChatResponse> stream(Prompt prompt) {
        return Flux.create(sink -> Thread.ofVirtual().name("glia-spring").start(() -> stream(prompt, sink)),
                FluxSink.OverflowStrategy.BUFFER);
    }

    private void stream(Prompt prompt, FluxSink<ChatResponse> sink) {
        try {
            Pieces pieces = new Pieces() {
                @Override
                public void text(String piece) {
                    sink.next(part(piece, ""));
                }

                @Override
                public void thinking(String piece) {
                    sink.next(part("", piece));
                }
            };
            run(prompt, pieces, () -> !sink.isCancelled())
                    .ifPresent(result -> sink.next(response(result, "", "")));
            sink.complete();
        } catch (RuntimeException | Error e) {
            sink.error(e);
        }
    }

    private Optional<EngineCalls.Result> run(Prompt prompt, Pieces pieces, BooleanSupplier isWanted) {
        GenerationOptions generation = model.options();
        List<Map<String, Object>> tools = List.of();
        Optional<Grammar> form = Optional.empty();
        List<ChatOptions> both = prompt.getOptions() == null ? List.of(options) : List.of(options, prompt.getOptions());
        for (ChatOptions some : both) {
            requireName(some.getModel());
            generation = settings(some).over(generation);
            List<Map<String, Object>> own = SpringMessages.tools(some);
            tools = own.isEmpty() ? tools : own;
            Optional<Grammar> ownForm = form(some);
            form = ownForm.isPresent() ? ownForm : form;
        }
        return EngineCalls.run(model, new Conversation(SpringMessages.of(prompt.getInstructions()), tools, Map.of(),
                false), generation, form, ToolChoice.AUTO, pieces, isWanted);
    }

    private void requireName(String wanted) {
        if (wanted != null && !wanted.equals(name)) {
            throw new IllegalArgumentException("the options name the model '" + wanted + "', but this is the model '"
                    + name + "'; leave the name out");
        }
    }

    /// The form of answers with a schema, which is enforced token by token.
    private Optional<Grammar> form(ChatOptions from) {
        if (!(from instanceof StructuredOutputChatOptions structured) || structured.getOutputSchema() == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(JsonForms.of(model, "outputSchema", JsonValues.parse(structured.getOutputSchema())));
        } catch (CallException | JacksonException e) {
            throw new IllegalArgumentException("the output schema is not supported: " + e.getMessage(), e);
        }
    }

    private static Settings settings(ChatOptions from) {
        return new Settings(from.getTemperature(), from.getTopP(), from.getTopK(), from.getFrequencyPenalty(),
                from.getPresencePenalty(), from.getMaxTokens(), from.getStopSequences());
    }

    private static ChatResponse part(String text, String thinking) {
        return new ChatResponse(List.of(new Generation(message(text, thinking, List.of()))));
    }

    private static AssistantMessage message(String text, String thinking, List<CollectedAnswer.Call> calls) {
        return AssistantMessage.builder().content(text)
                .properties(thinking.isEmpty() ? Map.of() : Map.of("reasoningContent", thinking))
                .toolCalls(calls.stream().map(call -> new AssistantMessage.ToolCall(call.id(), "function", call.name(),
                        call.arguments())).toList()).build();
    }

    private ChatResponse response(EngineCalls.Result result, String text, String thinking) {
        String reason = switch (result.end().finish()) {
            // A call may have been cut.
            case LENGTH, CONTEXT, REPETITION -> "LENGTH";
            default -> result.calls().isEmpty() ? "STOP" : "TOOL_CALLS";
        };
        Generation generation = new Generation(message(text, thinking, result.calls()),
                ChatGenerationMetadata.builder().finishReason(reason).build());
        return new ChatResponse(List.of(generation), ChatResponseMetadata.builder().model(name)
                .usage(new DefaultUsage(result.end().promptTokens(), result.end().tokens())).build());
    }

    /// Spring AI's messages and tools as those of chat templates.
    static final class SpringMessages {
        private SpringMessages() { }

        static List<ChatMessage> of(List<Message> messages) {
            List<ChatMessage> all = new ArrayList<>();
            for (Message message : messages) {
                add(message, all);
            }
            return all;
        }

        private static void add(Message message, List<ChatMessage> all) {
            if (message instanceof MediaContent media && !media.getMedia().isEmpty()) {
                throw new IllegalArgumentException("the message has a part of type "
                        + media.getMedia().iterator().next().getMimeType() + "; the model reads text alone");
            }
            switch (message) {
                case ToolResponseMessage results -> {
                    for (ToolResponseMessage.ToolResponse result : results.getResponses()) {
                        all.add(new ChatMessage("tool", result.responseData(), List.of(), "",
                                Map.of("name", result.name(), "tool_call_id", result.id())));
                    }
                }
                case AssistantMessage answer -> all.add(new ChatMessage("assistant", text(answer),
                        answer.getToolCalls().stream().map(SpringMessages::call).toList(),
                        answer.getMetadata().get("reasoningContent") instanceof String thinking ? thinking : "",
                        Map.of()));
                default -> all.add(new ChatMessage(message.getMessageType().getValue(), text(message)));
            }
        }

        private static String text(Message message) {
            return message.getText() == null ? "" : message.getText();
        }

        private static ToolCall call(AssistantMessage.ToolCall call) {
            return ToolCall.parse(call.id(), call.name(), call.arguments());
        }

        static List<Map<String, Object>> tools(ChatOptions options) {
            List<Map<String, Object>> tools = new ArrayList<>();
            if (options instanceof ToolCallingChatOptions calling && calling.getToolCallbacks() != null) {
                for (ToolCallback callback : calling.getToolCallbacks()) {
                    ToolDefinition tool = callback.getToolDefinition();
                    tools.add(Map.of("type", "function", "function", Map.of("name", tool.name(), "description",
                            tool.description(), "parameters", JsonValues.parse(tool.inputSchema()))));
                }
            }
            return tools;
        }
    }
}
