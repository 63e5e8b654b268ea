package glia.serve.mcp;

import glia.engine.Answer;
import glia.engine.Chat;
import glia.engine.LanguageModel;
import glia.engine.TextListener;
import glia.engine.schedule.Finish;
import glia.engine.thinking.Thought;
import glia.io.json.JsonValues;
import glia.jinja.value.TextBuilder;
import glia.serve.chat.AnswerEnd;
import glia.serve.chat.AnswerReceiver;
import glia.serve.chat.GenerationCall;
import glia.serve.chat.GenerationRun;
import glia.serve.chat.Prompt;
import glia.text.template.ChatMessage;
import glia.text.template.ToolCall;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;

/// Answers messages of a [Chat] with tools: the model's calls run, their results go back to it, until it answers
/// without a call. The chat's messages then hold the calls and results, too.
public final class ToolConversation {
    /// The most answers to one message.
    private static final int MOST_ROUNDS = 16;
    private static final Duration LONGEST = Duration.ofHours(1);

    /// Decides on calls and shows them.
    public interface Approval {
        /// Whether a call may run.
        boolean approves(ToolCall call);

        /// Receives the result of a call that ran, or of one that may not.
        void result(ToolCall call, String result);
    }

    private final LanguageModel model;
    private final Chat chat;
    private final ToolServers tools;
    private final Approval approval;

    /// @param chat holds messages and options
    public ToolConversation(LanguageModel model, Chat chat, ToolServers tools, Approval approval) {
        this.model = model;
        this.chat = chat;
        this.tools = tools;
        this.approval = approval;
    }

    /// Answers a message of the user.
    ///
    /// @return the last answer, the one without calls
    /// @throws IllegalArgumentException if the model's chat template has no tools
    public Answer stream(String message, TextListener listener) {
        List<ChatMessage> messages = new ArrayList<>(chat.messages());
        messages.add(ChatMessage.user(message));
        Round round = null;
        for (int i = 0; i < MOST_ROUNDS; i++) {
            round = new Round(listener);
            GenerationCall call = new GenerationCall(
                    new Prompt.Conversation(messages, tools.schemas(), Map.of(), false), chat.options(), "", "",
                    LONGEST);
            new GenerationRun(model, call).run(round, () -> !listener.cancelled());
            List<ToolCall> calls = round.calls();
            messages.add(new ChatMessage("assistant", round.text.toString(), calls, round.thinking.toString(),
                    Map.of()));
            if (calls.isEmpty()) {
                break;
            }
            for (ToolCall wanted : calls) {
                messages.add(result(wanted));
            }
        }
        chat.restore(messages);
        return round.answer();
    }

    private ChatMessage result(ToolCall call) {
        String result = approval.approves(call) ? tools.call(call)
                : "Error: the user did not allow this call; answer without it, or try another one.";
        approval.result(call, result);
        return new ChatMessage("tool", result, List.of(), "", Map.of("name", call.name(), "tool_call_id", call.id()));
    }

    /// One answer of the model.
    private static final class Round implements AnswerReceiver {
        private final TextListener listener;
        private final StringBuilder text = new StringBuilder();
        private final StringBuilder thinking = new StringBuilder();
        private final List<String[]> names = new ArrayList<>();
        private final List<StringBuilder> arguments = new ArrayList<>();
        private AnswerEnd end;

        Round(TextListener listener) {
            this.listener = listener;
        }

        @Override
        public void thinking(int sample, String piece) {
            thinking.append(piece);
            listener.thinking(piece);
        }

        @Override
        public void text(int sample, String piece) {
            if (text.isEmpty() && !thinking.isEmpty()) {
                listener.thought(thought(true));
            }
            text.append(piece);
            listener.text(piece);
        }

        private Thought thought(boolean isFinished) {
            return thinking.isEmpty() ? Thought.NONE : new Thought(thinking.toString(),
                    end == null ? 0 : end.thinkingTokens(), 0, isFinished);
        }

        @Override
        public void toolCall(int sample, int index, String id, String name) {
            names.add(new String[] {id, name});
            arguments.add(new StringBuilder());
        }

        @Override
        public void toolArguments(int sample, int index, String piece) {
            arguments.get(index).append(piece);
        }

        @Override
        public void ended(int sample, AnswerEnd how) {
            end = how;
        }

        List<ToolCall> calls() {
            List<ToolCall> calls = new ArrayList<>();
            for (int i = 0; i < names.size(); i++) {
                calls.add(new ToolCall(names.get(i)[0], names.get(i)[1], values(arguments.get(i).toString())));
            }
            return calls;
        }

        @SuppressWarnings("unchecked")
        private static Map<String, Object> values(String json) {
            try {
                return json.isBlank() ? Map.of() : (Map<String, Object>) JsonValues.parse(json);
            } catch (JacksonException | ClassCastException e) {
                // The server refuses it with a message for the model.
                return Map.of("arguments", json);
            }
        }

        Answer answer() {
            AnswerEnd how = end != null ? end
                    : new AnswerEnd(Finish.CANCELLED, Optional.empty(), 0, 0, 0, 0, 0, 0, 0);
            return new Answer(new TextBuilder().append(text.toString()).whole(), how.finish(), how.promptTokens(),
                    how.reusedTokens(), how.tokens(), 0, 0, how.firstTokenNanos(), how.totalNanos(),
                    thought(end != null), Optional.empty());
        }
    }
}
