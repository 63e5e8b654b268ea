package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.UsageException;
import glia.cli.option.FormFlags;
import glia.cli.option.GenerationFlags;
import glia.cli.terminal.Console;
import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.sampling.SamplingOptions;
import glia.reason.search.Search.Candidate;
import glia.reason.search.Search.Question;
import glia.reason.search.Search.SearchResult;
import glia.reason.search.Search;
import glia.reason.search.SearchOptions;
import glia.reason.search.Strategy;
import glia.reason.task.FinalAnswer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/// `glia run --strategy`: several answers to a prompt, and a choice among them.
final class StrategyAnswer {
    static final Option<String> STRATEGY = Option.text("STRATEGY", "several answers and a choice among them: "
            + "majority:8, best:8, beam:4x2, mcts:32x3 or parallel:4; @EFFORT may follow; --max-tokens is the budget "
            + "of all answers together", "--strategy").in("Thinking").elsewhere("--best-of", "--self-consistency");
    private static final float USUAL_TEMPERATURE = SamplingOptions.defaults().temperature();

    private StrategyAnswer() { }

    /// The strategy of a command line; empty without.
    ///
    /// @throws UsageException if it is none, or another option does not go with it
    static Optional<Strategy> of(Arguments arguments, Option<?>... excluded) {
        if (!arguments.has(STRATEGY)) {
            return Optional.empty();
        }
        List<Option<?>> all = new ArrayList<>(FormFlags.ALL);
        all.addAll(GenerationFlags.LIMITS_OF_THINKING);
        all.addAll(List.of(excluded));
        for (Option<?> option : all) {
            if (arguments.has(option)) {
                throw new UsageException(option.name() + " does not go with --strategy"
                        + (GenerationFlags.LIMITS_OF_THINKING.contains(option)
                        ? ", which takes an effort as in majority:8@low" : ""));
            }
        }
        try {
            return Optional.of(Strategy.parse(arguments.get(STRATEGY).orElseThrow()));
        } catch (IllegalArgumentException e) {
            throw new UsageException("--strategy: " + e.getMessage(), e);
        }
    }

    /// Answers a prompt and prints the chosen answer.
    ///
    /// @param options those of the command line; equal answers say nothing, so greedy sampling becomes that of
    ///     temperature 0.8 where the command line sets none
    static void print(LanguageModel model, Strategy strategy, String prompt, GenerationOptions options,
            Arguments arguments, Console console) {
        SamplingOptions sampling = options.sampling();
        if (strategy.answers() > 1 && sampling.temperature() == 0 && !GenerationFlags.setsTemperature(arguments)) {
            sampling = sampling.withTemperature(USUAL_TEMPERATURE);
        }
        int context = model.contextLength();
        long usual = Math.min(Integer.MAX_VALUE, (long) strategy.answers() * context);
        boolean isLimited = GenerationFlags.setsMaxTokens(arguments) && options.maxTokens() > 0;
        int budget = isLimited ? options.maxTokens() : (int) usual;
        SearchOptions search = new SearchOptions(sampling, budget, Math.min(budget, context), FinalAnswer::of);
        long seed = sampling.seed().orElseGet(() -> ThreadLocalRandom.current().nextLong());
        SearchResult found = new Search(model, search).answer(strategy, new Question(prompt), seed);
        Candidate chosen = found.chosen();
        if (arguments.has(Json.OPTION)) {
            Json.print(console, document(strategy, found));
            return;
        }
        if (arguments.has(GenerationFlags.SHOW_THINKING) && !chosen.thinking().isEmpty()) {
            console.printText(chosen.thinking() + "\n");
        }
        console.printText(chosen.answer());
        if (console.outIsTerminal()) {
            console.printDim(console.err(), found.candidates().size() + " answers, " + found.tokens().generated()
                    + " tokens");
        }
    }

    private static Map<String, Object> document(Strategy strategy, SearchResult found) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("text", found.chosen().answer());
        document.put("thinking", found.chosen().thinking());
        document.put("strategy", strategy.text());
        document.put("finish", found.chosen().isFinished() ? "stop" : "length");
        document.put("answers", found.candidates().stream().map(Candidate::answer).toList());
        document.put("tokens", found.tokens().generated());
        document.put("computed_prompt_tokens", found.tokens().computed());
        document.put("reused_prompt_tokens", found.tokens().reused());
        return document;
    }
}
