package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.UsageException;
import glia.cli.terminal.Console;
import glia.cli.terminal.Table;
import glia.io.Suggestions;
import glia.train.recipe.KeyConditions;
import glia.train.recipe.RecipeKey;
import glia.train.recipe.RecipeKeys;
import glia.train.recipe.ShippedData;
import glia.train.recipe.ShippedRecipes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// The lists of recipes and of their keys.
final class TrainHelp {
    private TrainHelp() {}

    /// Prints the recipes that come with the program.
    static void list(Arguments arguments, Console console) {
        if (arguments.has(Json.OPTION)) {
            Json.print(console, ShippedRecipes.all().stream()
                    .map(r -> Map.of("name", r.name(), "summary", r.summary())).toList());
            return;
        }
        Table table = new Table("Ll").head("recipe", "what it trains");
        ShippedRecipes.all().forEach(r -> table.row(r.name(), r.summary()));
        table.print(console);
        console.out().println();
        Table data = new Table("Ll").head("data", "what it holds");
        ShippedData.all().forEach((name, summary) -> data.row(ShippedData.PREFIX + name, summary));
        ShippedData.generated().forEach(data::row);
        data.print(console);
        console.out().println();
        console.out().println("glia train RECIPE --dry-run shows what a run needs; --explain explains all keys.");
    }

    /// Prints keys with types, defaults and meanings: all, or those that begin with the words after the command.
    static void explain(Arguments arguments, Console console) {
        List<String> wanted = new ArrayList<>();
        arguments.optional(0).ifPresent(wanted::add);
        wanted.addAll(arguments.repeated());
        List<RecipeKey<?>> keys = new ArrayList<>(RecipeKeys.all());
        if (!wanted.isEmpty()) {
            keys.removeIf(k -> wanted.stream().noneMatch(w -> k.name().equals(w) || k.section().equals(w)));
            if (keys.isEmpty()) {
                throw new UsageException("there is no key or section " + wanted.getFirst() + "."
                        + Suggestions.sentence(wanted.getFirst(),
                        RecipeKeys.all().stream().flatMap(k -> Stream.of(k.section(), k.name())).distinct().toList()));
            }
        }
        if (arguments.has(Json.OPTION)) {
            Json.print(console, keys.stream().map(TrainHelp::json).toList());
            return;
        }
        String section = "";
        for (RecipeKey<?> key : keys) {
            if (!key.section().equals(section)) {
                section = key.section();
                console.out().println();
                console.printBold(section);
                console.out().println();
            }
            String initial = key.initialShown();
            console.out().println("  " + key.name() + ": " + key.type()
                    + (initial.isEmpty() ? "" : " (default: " + initial + ")"));
            console.printText("      " + key.description()
                    + (key.tasks().isEmpty() ? "" : "; for task: " + String.join(", ", key.tasks()))
                    + KeyConditions.needs(key).map(needs -> "; needs " + needs).orElse(""));
            console.out().println();
        }
    }

    private static Map<String, Object> json(RecipeKey<?> key) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("key", key.name());
        document.put("type", key.type());
        document.put("default", key.initialShown());
        document.put("description", key.description());
        document.put("tasks", key.tasks());
        KeyConditions.needs(key).ifPresent(needs -> document.put("needs", needs));
        return document;
    }
}
