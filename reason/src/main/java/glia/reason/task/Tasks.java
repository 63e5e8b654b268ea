package glia.reason.task;

import glia.io.Suggestions;
import java.util.List;

/// The tasks that are part of the program.
public final class Tasks {
    /// All tasks.
    public static final List<Task> ALL = List.of(new ArithmeticTask(), new LinearTask(), new QuadraticTask(),
            new CountdownTask(), new SortingTask(), new KnightsTask(), new OrderingTask(), new StringTask(),
            new ProgramTask(), new WordProblemTask(), new ShapesTask(),
            new CaptionTask(), new ToneTask());

    private Tasks() { }

    /// The names of all tasks.
    public static List<String> names() {
        return ALL.stream().map(Task::name).toList();
    }

    /// The task of a name.
    ///
    /// @throws IllegalArgumentException if there is none; the message names those that there are
    public static Task named(String name) {
        for (Task task : ALL) {
            if (task.name().equals(name)) {
                return task;
            }
        }
        throw new IllegalArgumentException("there is no task '" + name + "'; those that there are: "
                + String.join(", ", names()) + "." + Suggestions.sentence(name, names()));
    }
}
