package glia.engine.answer;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Collects one answer while it is generated.
public class CollectedAnswer implements AnswerReceiver {
    private final StringBuilder thinking = new StringBuilder();
    private final StringBuilder text = new StringBuilder();
    private final List<String[]> names = new ArrayList<>();
    private final List<StringBuilder> arguments = new ArrayList<>();
    private AnswerEnd end;

    /// An answer of which nothing has come.
    public CollectedAnswer() { }

    /// A tool call.
    ///
    /// @param arguments as the model wrote them: a JSON object, or nothing; less if the answer ended within
    public record Call(String id, String name, String arguments) { }

    @Override
    public void thinking(int sample, String piece) {
        thinking.append(piece);
    }

    @Override
    public void text(int sample, String piece) {
        text.append(piece);
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

    /// The thinking so far.
    public String thinking() {
        return thinking.toString();
    }

    /// The text so far, without thinking and tool calls.
    public String text() {
        return text.toString();
    }

    /// The number of tool calls so far.
    public int numCalls() {
        return names.size();
    }

    /// A tool call so far.
    ///
    /// @param index from 0
    public Call call(int index) {
        return new Call(names.get(index)[0], names.get(index)[1], arguments.get(index).toString());
    }

    /// All tool calls so far.
    public List<Call> calls() {
        List<Call> calls = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            calls.add(call(i));
        }
        return calls;
    }

    /// The end of the answer; empty before, and if it was cancelled.
    public Optional<AnswerEnd> end() {
        return Optional.ofNullable(end);
    }
}
