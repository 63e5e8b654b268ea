package glia.reason.task;

import java.util.List;

/// A task of this package: its name and levels.
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
}
