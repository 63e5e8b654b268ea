package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Syntax;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.engine.LanguageModel;
import glia.io.CheckpointException;
import glia.io.hub.ModelLocation;
import glia.io.jsonl.JsonLine;
import glia.io.jsonl.JsonLines;
import glia.reason.alignment.ChatSampler;
import glia.reason.alignment.Constitution;
import glia.reason.run.WilsonInterval;
import glia.tensor.Precision;
import glia.train.recipe.ShippedData;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/// Options and files of `glia align`.
final class AlignOptions {
    static final String TRAINING = ShippedData.PREFIX + "everyday.jsonl";
    static final String HELD_OUT = ShippedData.PREFIX + "everyday-held-out.jsonl";
    static final Option<String> CONSTITUTION = Option.text("FILE", "YAML file with principles (default: relevant, "
            + "brief, complete, prose, direct)", "--constitution");
    static final Option<String> PROMPTS = Option.text("FILE", "JSONL file, each line with a prompt (default: questions "
            + "that come with the program)", "--prompts");
    static final Option<String> OUTPUT = Option.text("FILE", "JSONL file to write", "--output", "-o")
            .elsewhere("--out", "--jsonl");
    static final Option<Integer> LIMIT = Option.integer("N", 1, 1_000_000, "number of prompts (default: all)",
            "--limit", "-l").formerly("-n").elsewhere("--count");
    static final Option<Integer> MAX_TOKENS = Option.integer("N", 1, Integer.MAX_VALUE,
            "most tokens of an answer (default: 64)", "--max-tokens").elsewhere("--max-new-tokens");
    static final Option<Long> SEED = Option.longInteger("N", "random seed (default: 0)", "--seed", "-s");
    private static final int TOKENS = 64;

    private AlignOptions() { }

    /// Options of all commands of the group, with those of a command first.
    static List<Option<?>> with(Option<?>... own) {
        return Syntax.join(List.of(own), List.of(CONSTITUTION, PROMPTS, LIMIT, MAX_TOKENS, SEED, TextFiles.FORCE,
                Json.OPTION), ComputeOptions.ALL, List.of(ComputeOptions.KV_CACHE_TYPE, ComputeOptions.ADAPTER));
    }

    static long seed(Arguments arguments) {
        return arguments.get(SEED).orElse(0L);
    }

    static Constitution constitution(Arguments arguments) throws CheckpointException {
        return arguments.has(CONSTITUTION) ? Constitution.read(Path.of(arguments.get(CONSTITUTION).orElseThrow()))
                : Constitution.shipped();
    }

    /// The prompts.
    ///
    /// @param usual file if none is given
    static List<String> prompts(Arguments arguments, String usual) throws IOException {
        String name = arguments.get(PROMPTS).orElse(usual);
        Path file = ShippedData.isNamed(name) ? ShippedData.copy(name) : Path.of(name);
        int limit = arguments.get(LIMIT).orElse(Integer.MAX_VALUE);
        List<String> prompts = new ArrayList<>();
        try (JsonLines lines = new JsonLines(file)) {
            for (JsonLine line = lines.next(); line != null && prompts.size() < limit; line = lines.next()) {
                String prompt = line.text("prompt");
                if (prompt.isBlank()) {
                    throw line.place().error("prompt", "is blank");
                }
                prompts.add(prompt);
            }
        }
        if (prompts.isEmpty()) {
            throw new CheckpointException(file, "", "found no line, expected a JSON object with a prompt in each");
        }
        return prompts;
    }

    /// What a command does with a model.
    interface Work {
        void run(ChatSampler sampler) throws IOException;
    }

    /// Loads the model and runs the work.
    static void withModel(Arguments arguments, Console console, Work work) throws IOException {
        ModelLocation choice = Models.locate(Optional.of(arguments.required(0)), arguments, console);
        try (LanguageModel model = Models.load(choice.path(), ComputeOptions.of(arguments, Precision.FAST), arguments,
                console)) {
            work.run(new ChatSampler(model, arguments.get(MAX_TOKENS).orElse(TOKENS)));
        }
    }

    static void write(Path file, List<Map<String, Object>> lines) throws IOException {
        TextFiles.writeLines(file, lines.size(), i -> JsonMapper.shared().writeValueAsString(lines.get(i)));
    }

    /// An interval in percent, such as `28.5 to 57.8`.
    static String interval(WilsonInterval share) {
        return String.format(Locale.ROOT, "%.1f to %.1f", 100 * share.low(), 100 * share.high());
    }

    static Map<String, Object> document(WilsonInterval share) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("share", share.share());
        document.put("low", share.low());
        document.put("high", share.high());
        return document;
    }
}
