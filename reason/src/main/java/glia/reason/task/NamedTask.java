package glia.reason.task;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A task of this package: its name and levels. Answers are numbers unless a task reads them otherwise.
abstract class NamedTask implements Task {
    private final String name;
    private final String summary;
    private final int defaultLevel;
    private final List<String> levels;

    NamedTask(String name, String summary, int defaultLevel, String... levels) {
        this.name = name;
        this.summary = summary;
        this.defaultLevel = defaultLevel;
        this.levels = List.of(levels);
    }

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final String summary() {
        return summary;
    }

    @Override
    public final List<String> levels() {
        return levels;
    }

    @Override
    public final int defaultLevel() {
        return defaultLevel;
    }

    /// The number that a text states, alone or in a sentence.
    @Override
    public Optional<String> read(String text) {
        return AnswerNumbers.single(text).map(Object::toString);
    }

    /// Whether an answer is the one of the field `answer`.
    @Override
    public boolean isRight(String answer, Map<String, Object> fields) {
        return answer.equals(Fields.text(fields, "answer"));
    }
}
