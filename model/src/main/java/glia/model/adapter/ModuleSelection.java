package glia.model.adapter;

import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Decides which modules of a model get an adapter, as PEFT does. Expressions are compiled once.
final class ModuleSelection {
    private static final Pattern LAST_INDEX = Pattern.compile(".*\\.[^.]*\\.(\\d{1,9})\\..*");

    private final AdapterConfig config;
    private final Predicate<AdapterModule> targets;
    private final Predicate<AdapterModule> excluded;
    private final List<Pattern> layers;

    /// @throws IllegalArgumentException if an expression cannot be compiled
    ModuleSelection(AdapterConfig config) {
        this.config = config;
        targets = of(config.targets());
        excluded = of(config.excluded());
        layers = config.layersPatterns().isEmpty() ? List.of(LAST_INDEX) : config.layersPatterns().stream()
                .map(name -> Pattern.compile(".*\\." + Pattern.quote(name) + "\\.(\\d{1,9})\\..*")).toList();
    }

    private static Predicate<AdapterModule> of(ModuleNames names) {
        return switch (names) {
            case ModuleNames.Suffixes some -> m -> some.suffixes().stream().anyMatch(s -> endsWith(m.path(), s));
            case ModuleNames.Matching some -> {
                NamePattern pattern = new NamePattern(some.expression());
                yield m -> pattern.matches(m.path());
            }
            case ModuleNames.AllLinear all -> m -> m.kind() == AdapterModule.Kind.LINEAR;
        };
    }

    private static boolean endsWith(String path, String suffix) {
        return path.equals(suffix) || path.endsWith("." + suffix);
    }

    boolean selects(AdapterModule m) {
        return isParameter(m) || targets.test(m) && !excluded.test(m) && !isSaved(m) && isInLayers(m.path());
    }

    boolean selectsAny(Collection<AdapterModule> modules) {
        return modules.stream().anyMatch(this::selects);
    }

    /// Whether the matrix of a linear module is named as a parameter. Matrices of experts are parts of stacks.
    private boolean isParameter(AdapterModule m) {
        String name = m.path() + ".weight";
        return m.kind() != AdapterModule.Kind.EMBEDDING && m.parts().getFirst().parameter().expert() < 0
                && config.parameters().stream().anyMatch(target -> endsWith(name, target)
                        || endsWith(name.replace(".block_sparse_moe.", ".mlp."), target));
    }

    /// Whether a module is trained as a whole instead.
    private boolean isSaved(AdapterModule m) {
        return config.modulesToSave().stream().anyMatch(name -> contains(m.path(), name));
    }

    /// Whether a module of `modules_to_save` is the one of a path or holds it. As in PEFT, a name is the end of a path,
    /// also within a word.
    static boolean contains(String path, String name) {
        for (int end = path.length(); end > 0; end = path.lastIndexOf('.', end - 1)) {
            if (path.startsWith(name, end - name.length())) {
                return true;
            }
        }
        return false;
    }

    private boolean isInLayers(String path) {
        if (config.layers().isEmpty() || config.targets() instanceof ModuleNames.Suffixes named
                && named.suffixes().contains(path)) {
            return true;
        }
        for (Pattern pattern : layers) {
            Matcher matcher = pattern.matcher(path);
            if (matcher.matches()) {
                return config.layers().contains(Integer.parseInt(matcher.group(1)));
            }
        }
        return false;
    }
}
