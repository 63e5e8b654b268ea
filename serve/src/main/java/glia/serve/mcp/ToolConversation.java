package glia.serve.mcp;

import glia.engine.Answer;
import glia.engine.Chat;
import glia.engine.LanguageModel;
import glia.engine.TextListener;
import glia.engine.answer.AnswerEnd;
import glia.engine.answer.AnswerReceiver;
import glia.engine.answer.CollectedAnswer;
import glia.engine.answer.Tools;
import glia.engine.call.GenerationCall;
import glia.engine.call.Prompt;
import glia.engine.call.ToolRun;
import glia.engine.schedule.Finish;
import glia.engine.thinking.Thought;
import glia.jinja.value.TextBuilder;
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
    public Answer stream(ChatMessage message, TextListener listener) {
        List<ChatMessage> messages = new ArrayList<>(chat.messages());
        messages.add(message);
        GenerationCall free = new GenerationCall(new Prompt.Conversation(messages, List.of(), Map.of(), false),
                chat.options(), "", "", LONGEST);
        ToolRun run = new ToolRun(model, chat.options().grammar().map(free::withGrammar).orElse(free), approved(), "");
        run.run(new Listened(listener), () -> !listener.cancelled());
        chat.restore(run.messages());
        return answer(run.last());
    }

    private static Answer answer(CollectedAnswer last) {
        AnswerEnd how = last.end()
                .orElse(new AnswerEnd(Finish.CANCELLED, Optional.empty(), 0, 0, 0, 0, 0, 0, 0));
        Thought thought = last.thinking().isEmpty() ? Thought.NONE
                : new Thought(last.thinking(), how.thinkingTokens(), 0, last.end().isPresent());
        return new Answer(new TextBuilder().append(last.text()).whole(), how.finish(), how.promptTokens(),
                how.reusedTokens(), how.tokens(), 0, 0, how.firstTokenNanos(), how.totalNanos(), thought,
                Optional.empty());
    }

    /// The tools, for calls that the user allows.
    private Tools approved() {
        return new Tools() {
            @Override
            public List<Map<String, Object>> schemas() {
                return tools.schemas();
            }

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

    /// Passes an answer on.
    private static final class Listened implements AnswerReceiver {
        private final TextListener listener;
        /// Thinking after which no text has come.
        private final StringBuilder thinking = new StringBuilder();

        Listened(TextListener listener) {
            this.listener = listener;
        }

        @Override
        public void thinking(int sample, String piece) {
            thinking.append(piece);
            listener.thinking(piece);
        }

        @Override
        public void text(int sample, String piece) {
            if (!thinking.isEmpty()) {
                listener.thought(new Thought(thinking.toString(), 0, 0, true));
                thinking.setLength(0);
            }
            listener.text(piece);
        }
    }
}
