package glia.serve.mcp;

import glia.engine.Answer;
import glia.engine.Chat;
import glia.engine.LanguageModel;
import glia.engine.TextListener;
import glia.engine.schedule.Finish;
import glia.engine.thinking.Thought;
import glia.jinja.value.TextBuilder;
import glia.serve.chat.AnswerEnd;
import glia.serve.chat.CollectedAnswer;
import glia.serve.chat.GenerationCall;
import glia.serve.chat.GenerationRun;
import glia.serve.chat.Prompt;
import glia.serve.chat.ToolMessages;
import glia.text.template.ChatMessage;
import glia.text.template.ToolCall;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Answers messages of a [Chat] with tools: the model's calls run, their results go back to it, until it answers
/// without a call. The chat's messages then hold the calls and results, too. A grammar of the chat's options is the
/// form of answers that are no calls.
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
            GenerationCall free = new GenerationCall(
                    new Prompt.Conversation(messages, tools.schemas(), Map.of(), false), chat.options(), "", "",
                    LONGEST);
            GenerationCall call = chat.options().grammar().map(free::withGrammar).orElse(free);
            new GenerationRun(model, call).run(round, () -> !listener.cancelled());
            List<ChatMessage> next = ToolMessages.of(round, approved());
            messages.addAll(next);
            if (next.size() == 1) {
                break;
            }
        }
        chat.restore(messages);
        return round.answer();
    }

    /// The tools, for calls that the user allows.
    private ToolMessages.Tools approved() {
        return new ToolMessages.Tools() {
            @Override
            public String call(ToolCall call) {
                String result = approval.approves(call) ? tools.call(call)
                        : "Error: the user did not allow this call; answer without it, or try another one.";
                approval.result(call, result);
                return result;
            }

            @Override
            public void refused(ToolCall call, String error) {
                approval.result(call, error);
            }
        };
    }

    /// One answer of the model.
    private static final class Round extends CollectedAnswer {
        private final TextListener listener;
        private boolean hasText;

        Round(TextListener listener) {
            this.listener = listener;
        }

        @Override
        public void thinking(int sample, String piece) {
            super.thinking(sample, piece);
            listener.thinking(piece);
        }

        @Override
        public void text(int sample, String piece) {
            if (!hasText && !thinking().isEmpty()) {
                listener.thought(thought(true));
            }
            hasText = true;
            super.text(sample, piece);
            listener.text(piece);
        }

        private Thought thought(boolean isFinished) {
            return thinking().isEmpty() ? Thought.NONE : new Thought(thinking(),
                    end().map(AnswerEnd::thinkingTokens).orElse(0), 0, isFinished);
        }

        Answer answer() {
            AnswerEnd how = end().orElse(new AnswerEnd(Finish.CANCELLED, Optional.empty(), 0, 0, 0, 0, 0, 0, 0));
            return new Answer(new TextBuilder().append(text()).whole(), how.finish(), how.promptTokens(),
                    how.reusedTokens(), how.tokens(), 0, 0, how.firstTokenNanos(), how.totalNanos(),
                    thought(end().isPresent()), Optional.empty());
        }
    }
}
