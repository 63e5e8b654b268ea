package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Completions;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.io.hub.CachedModel;
import glia.io.hub.DefaultModel;
import glia.io.hub.HubException;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelCache;
import glia.io.hub.ModelLocator;
import glia.train.recipe.RecipeKey;
import glia.train.recipe.RecipeKeys;
import glia.train.recipe.ShippedData;
import glia.train.recipe.ShippedRecipes;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// Prints a completion script for the user's shell, and the words with which the script completes.
public final class CompletionCommand implements Command {
    private static final String WORDS = "words";

    private final Supplier<Completions> completions;

    /// @param completions of the program
    public CompletionCommand(Supplier<Completions> completions) {
        this.completions = completions;
    }

    @Override
    public String name() {
        return "completion";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Print a completion script for bash or zsh",
                List.of(new Positional("SHELL", "bash or zsh", true),
                        new Positional("WORD", "used by the script: after 'words --', the words of a command line",
                                false).repeated()), List.of())
                .examples("""
                        $ echo 'source <(glia completion bash)' >> ~/.bashrc
                        $ echo 'source <(glia completion zsh)' >> ~/.zshrc""")
                .notes("Commands, options and their values, models, recipes and their keys are completed.");
    }

    @Override
    public int run(Arguments arguments, Console console) {
        String shell = arguments.required(0);
        List<String> words = arguments.repeated();
        if (shell.equals(WORDS)) {
            completions.get().of(words.isEmpty() ? List.of("") : words).forEach(console.out()::println);
            return ExitCode.OK;
        }
        if (!shell.equals("bash") && !shell.equals("zsh")) {
            throw new UsageException("SHELL: '" + shell + "' is not bash or zsh");
        }
        console.out().print(Completions.script(shell));
        return ExitCode.OK;
    }

    /// The words for a label of help texts.
    ///
    /// @param word the word so far
    public static List<String> known(String label, String word) {
        return switch (label) {
            case "MODEL" -> models();
            case "NAME" -> cached().map(CachedModel::name).toList();
            case "RECIPE" -> recipes().toList();
            case "KEY=VALUE" -> keys(word);
            case "SHELL" -> List.of("bash", "zsh");
            default -> List.of();
        };
    }

    private static List<String> models() {
        List<String> all = new ArrayList<>(ModelLocator.shipped());
        all.add(DefaultModel.NAME.name());
        cached().map(CachedModel::name).forEach(all::add);
        return all;
    }

    private static Stream<CachedModel> cached() {
        try {
            return new ModelCache(HubSettings.fromEnvironment()).list().stream();
        } catch (HubException e) {
            return Stream.of();
        }
    }

    private static Stream<String> recipes() {
        return ShippedRecipes.all().stream().map(ShippedRecipes.Shipped::name);
    }

    /// Keys of recipes; after `KEY=` the values that are words.
    private static List<String> keys(String word) {
        int equals = word.indexOf('=');
        if (equals < 0) {
            return RecipeKeys.all().stream().map(key -> key.name() + "=").toList();
        }
        String name = word.substring(0, equals);
        Stream<String> values = name.startsWith("data.") ? Stream.concat(ShippedData.all().keySet().stream()
                .map(ShippedData.PREFIX::concat), ShippedData.generated().keySet().stream())
                : name.startsWith("model.") ? models().stream()
                : RecipeKeys.all().stream().<RecipeKey<?>>map(key -> key).filter(key -> key.name().equals(name))
                        .flatMap(key -> words(key.type()));
        return values.map(value -> name + "=" + value).toList();
    }

    /// The words that a type lists: `adamw, lion or muon`.
    private static Stream<String> words(String type) {
        return type.matches("[\\w-]+(, [\\w-]+)* or [\\w-]+") ? Stream.of(type.split(", | or ")) : Stream.of();
    }
}
