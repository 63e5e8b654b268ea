package glia.cli.command;

import glia.cli.answer.AnswerText;
import glia.cli.answer.StreamedAnswer;
import glia.cli.answer.UnknownCharacters;
import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.option.ComputeOptions;
import glia.cli.option.FormFlags;
import glia.cli.option.GenerationFlags;
import glia.cli.option.PictureFlags;
import glia.cli.option.PromptFlags;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.InterruptNotice;
import glia.cluster.Launch;
import glia.engine.Answer;
import glia.engine.Chat;
import glia.engine.GenerationOptions;
import glia.engine.Generator;
import glia.engine.LanguageModel;
import glia.engine.TextListener;
import glia.engine.grammar.Grammar;
import glia.engine.load.LoadOptions;
import glia.engine.sampling.SamplingOptions;
import glia.io.hub.ModelLocation;
import glia.reason.search.Search.Candidate;
import glia.reason.search.Search.Question;
import glia.reason.search.Search;
import glia.reason.search.SearchOptions;
import glia.reason.search.Strategy;
import glia.reason.task.FinalAnswer;
import glia.tensor.kernel.SparsePrompts;
import glia.text.template.ChatMessage;
import glia.text.tokenizer.FillInMiddle;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;

/// Answers one prompt.
public final class RunCommand implements Command {
    private static final Positional PROMPT = new Positional("PROMPT",
            "prompt; text on standard input follows it after a blank line", false,
            Optional.of(Option.text("TEXT", "the same as PROMPT", "--prompt", "-p")));
    private static final Option<Boolean> RAW = Option.flag(
            "continue the text without a chat template; special tokens in it count", "--raw");

    private static final Option<String> SUFFIX = Option.text("TEXT", "text after the answer: fills the gap between "
            + "PROMPT and TEXT, without a chat template (fill in the middle)", "--suffix");

    private final Supplier<String> version;

    /// For [glia.cli.Cli].
    ///
    /// @param version of this program, which all ranks must have
    public RunCommand(Supplier<String> version) {
        this.version = version;
    }

    @Override
    public String name() {
        return "run";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Answer one prompt", List.of(Models.MODEL, PROMPT),
                Syntax.join(List.of(PromptFlags.FILE, PictureFlags.IMAGE, PictureFlags.VIDEO, PictureFlags.AUDIO,
                                ChatCommand.SYSTEM, RAW, SUFFIX, StrategyAnswer.STRATEGY, Json.OPTION),
                        PictureFlags.SAMPLING, FormFlags.ALL, GenerationFlags.ALL,
                        ComputeOptions.ALL, ComputeOptions.ROPE,
                        List.of(GenerationFlags.SHOW_THINKING, ComputeOptions.KV_CACHE_TYPE, ComputeOptions.ATTENTION,
                                ComputeOptions.CACHE_POLICY, ComputeOptions.PREFILL,
                                ComputeOptions.KV_MEMORY, PromptFlags.PROMPT_CACHE, ComputeOptions.DRAFT,
                                ComputeOptions.ADAPTER, ComputeOptions.MMPROJ, ComputeOptions.TENSOR,
                                ComputeOptions.EXPERT, ComputeOptions.PIPELINE,
                                ComputeOptions.CONTEXT_PARALLEL)))
                .examples("""
                        $ glia run stories260K "Once upon a" --temperature 0 -n 10
                        time, there was a little girl named
                        $ cat report.txt | glia run HuggingFaceTB/SmolLM2-135M-Instruct "Summarize:"
                        $ glia run SmolLM2-135M-Instruct --file report.txt "Who wrote it?"
                        $ glia run Qwen/Qwen2-VL-2B-Instruct "What is this?" --image cat.jpg
                        $ glia run Qwen/Qwen2.5-Omni-3B "What is said?" --audio talk.mp3
                        $ glia run reasoner "Solve x^2 - 5x + 6 = 0." --regex "x = [0-9]"
                        x = 2
                        $ glia run stories260K "Once upon a" -n 2 --json
                        {"text":"time,","thinking":"","finish":"length","prompt_tokens":4,...}
                        $ glia run reasoner "Use 3, 7 and 11 to make 32." --strategy majority:8@high
                        3*7+11""")
                .notes(GenerationFlags.NOTE);
    }

    @Override
    public int run(Arguments given, Console console) throws IOException {
        Arguments arguments = ModelFile.applied(given, !given.has(RAW));
        if (arguments.has(RAW) && arguments.has(ChatCommand.SYSTEM)) {
            throw new UsageException("--system needs the chat template, which --raw leaves out");
        }
        if (arguments.has(RAW)) {
            GenerationFlags.refuseThinking(arguments, "needs the chat template, which --raw leaves out");
        }
        for (Option<String> attached : PictureFlags.ATTACHED) {
            if (arguments.has(attached) && (arguments.has(RAW) || arguments.has(SUFFIX))) {
                throw new UsageException(attached.name() + " needs the chat template, which --raw and --suffix leave "
                        + "out");
            }
        }
        if (arguments.has(SUFFIX)) {
            if (arguments.has(RAW) || arguments.has(ChatCommand.SYSTEM)) {
                throw new UsageException("--suffix takes neither --raw nor --system");
            }
            GenerationFlags.refuseThinking(arguments, "needs the chat template, which --suffix leaves out");
        }
        Optional<Strategy> strategy = StrategyAnswer.of(arguments, RAW, ChatCommand.SYSTEM, SUFFIX,
                PictureFlags.IMAGE, PictureFlags.VIDEO, PictureFlags.AUDIO);
        Optional<Grammar> grammar = FormFlags.grammar(arguments);
        String prompt = prompt(arguments, console);
        if (prompt.isBlank() && !arguments.has(RAW) && !arguments.has(SUFFIX) && Launch.process() == 0) {
            throw new UsageException("PROMPT is empty: give it after MODEL or on standard input; --raw \"\" begins a "
                    + "text from nothing");
        }
        ModelLocation choice = Models.locate(Optional.of(arguments.required(0)), arguments, console);
        Optional<Option<Integer>> division = RanksTogether.division(arguments);
        if (division.isEmpty()) {
            return answer(arguments, console, choice, prompt, strategy, grammar,
                    Models.generating(arguments, "auto", console), OptionalLong.empty());
        }
        long seed = ThreadLocalRandom.current().nextLong();
        return RanksTogether.run(division.get(), arguments, console, version.get(), (options, ranks, own) -> answer(
                arguments, own, choice, ranks.all(prompt).getFirst(), strategy, grammar, options,
                OptionalLong.of(Long.parseLong(ranks.all(Long.toString(seed)).getFirst()))));
    }

    /// @param seed in place of a random one
    private static int answer(Arguments arguments, Console console, ModelLocation choice, String prompt,
            Optional<Strategy> strategy, Optional<Grammar> grammar, LoadOptions load, OptionalLong seed)
            throws IOException {
        boolean json = arguments.has(Json.OPTION);
        try (LanguageModel model = Models.load(choice.path(), load, arguments, console)) {
            ChatMessage question = ChatMessage.user(prompt).withPictures(PictureFlags.of(arguments, model))
                    .withSounds(PictureFlags.sounds(arguments, model));
            GenerationOptions free = seeded(GenerationFlags.of(arguments, model.options()), seed);
            GenerationOptions options = grammar.map(free::withGrammar).orElse(free);
            if (!json) {
                UnknownCharacters.note(model.tokenizer(), prompt)
                        .ifPresent(note -> console.err().println("glia: " + note));
            }
            boolean isRefused = model.scope().flatMap(scope -> scope.refusal(List.of(question)))
                    .isPresent();
            if (strategy.isPresent() && !isRefused) {
                StrategyAnswer.print(model.withDefaults(model.options().withSteering(free.steering()), model.system()),
                        strategy.get(), prompt, options, arguments, console);
                return ExitCode.OK;
            }
            Answer answer = json ? answer(model, arguments, question, options, piece -> { })
                    : stream(model, arguments, question, options, console);
            if (json) {
                Json.print(console, document(answer));
            } else {
                notes(model, answer, arguments, console).forEach(note -> console.err().println("glia: " + note));
            }
            Optional<String> wrong = AnswerText.withoutForm(answer, options);
            wrong.ifPresent(why -> console.err().println("glia: " + why));
            return wrong.isPresent() ? ExitCode.FAILED : ExitCode.OK;
        }
    }

    private static GenerationOptions seeded(GenerationOptions options, OptionalLong seed) {
        SamplingOptions sampling = options.sampling();
        return seed.isEmpty() || sampling.seed().isPresent() ? options
                : options.withSampling(sampling.withSeed(seed.getAsLong()));
    }

    /// What the user may not expect of the answer. The summary on a terminal says why it is incomplete.
    private static List<String> notes(LanguageModel model, Answer answer, Arguments arguments, Console console) {
        List<String> notes = new ArrayList<>();
        model.engine().prefixCache().trouble().ifPresent(notes::add);
        model.engine().ops().sparsePrompts().flatMap(SparsePrompts::takeFigures).ifPresent(f -> notes.add(String.format(
                Locale.ROOT, "sparse prefill: %.0f %% of the pages hold all but %.2f %% of the attention (measured)",
                100 * f.pages(), 100 * f.lost())));
        if (!arguments.has(RAW) && !arguments.has(SUFFIX) && model.template().isEmpty()) {
            notes.add(AnswerText.NO_TEMPLATE);
        }
        if (!console.outIsTerminal()) {
            AnswerText.note(answer, GenerationFlags.setsMaxTokens(arguments)).ifPresent(notes::add);
        }
        return notes;
    }

    private static Answer stream(LanguageModel model, Arguments arguments, ChatMessage question,
            GenerationOptions options, Console console) {
        Answer answer;
        try (var notice = new InterruptNotice(console, "the answer is incomplete")) {
            StreamedAnswer streamed = new StreamedAnswer(console, console.width(),
                    arguments.has(GenerationFlags.SHOW_THINKING), notice::arm);
            answer = answer(model, arguments, question, options, streamed);
            streamed.end();
        }
        if (console.outIsTerminal()) {
            console.printDim(console.err(), AnswerText.summary(answer));
        }
        return answer;
    }

    private static Answer answer(LanguageModel model, Arguments arguments, ChatMessage question,
            GenerationOptions options, TextListener listener) {
        String prompt = question.content();
        if (arguments.has(SUFFIX)) {
            return between(model, prompt, arguments.get(SUFFIX).orElseThrow(), options, listener);
        }
        return arguments.has(RAW) || model.template().isEmpty() && options.thinking().isDefault()
                && question.visuals().isEmpty()
                ? continued(model, arguments.has(RAW), prompt, options, listener)
                : answered(model, arguments.get(ChatCommand.SYSTEM), question, options, listener);
    }

    /// The texts of files, the prompt of the command line and the text on standard input, with blank lines between.
    private static String prompt(Arguments arguments, Console console) throws IOException {
        String given = after(PromptFlags.text(arguments), arguments.optional(1).orElse(""));
        // Launchers of MPI may leave standard input open.
        if (Launch.process() > 0 || Launch.processes() > 1 && !given.isEmpty()) {
            return given;
        }
        if (console.inIsTerminal()) {
            if (arguments.optional(1).isPresent()) {
                return given;
            }
            console.err().println("Type the prompt; Ctrl-D ends it.");
        }
        String text = new String(console.in().readAllBytes(), StandardCharsets.UTF_8).stripTrailing();
        return after(given, text);
    }

    private static String after(String first, String text) {
        return text.isEmpty() ? first : first.isEmpty() ? text : first + "\n\n" + text;
    }

    /// Special tokens are recognized only in a raw prompt.
    private static Answer continued(LanguageModel model, boolean raw, String prompt, GenerationOptions options,
                                    TextListener listener) {
        int[] ids = raw ? model.tokenizer().encode(prompt, true) : model.tokenizer().encodePlain(prompt, true);
        try (Generator generator = model.generator()) {
            return generator.generate(ids, options, false, listener);
        }
    }

    private static Answer between(LanguageModel model, String prefix, String suffix, GenerationOptions options,
                                  TextListener listener) {
        FillInMiddle form = FillInMiddle.of(model.tokenizer()).orElseThrow(() -> new UsageException("--suffix: "
                + FillInMiddle.NONE + ". Use a model for code, such as Qwen/Qwen2.5-Coder-0.5B"));
        try (Generator generator = model.generator()) {
            return generator.generate(form.prompt(prefix, suffix), options.withStopTokens(form.ends()), false,
                    listener);
        }
    }

    private static Answer answered(LanguageModel model, Optional<String> system, ChatMessage question,
                                   GenerationOptions options, TextListener listener) {
        try (Chat chat = model.chat().options(options)) {
            system.ifPresent(chat::system);
            return chat.stream(question, listener);
        }
    }

    private static Map<String, Object> document(Answer answer) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("text", answer.text());
        document.put("thinking", answer.thought().text());
        answer.effort().ifPresent(effort -> document.put("effort", effort.word()));
        document.put("finish", answer.finish().name().toLowerCase(Locale.ROOT));
        document.put("prompt_tokens", answer.promptTokens());
        document.put("cached_tokens", answer.reusedTokens());
        document.put("tokens", answer.tokens());
        document.put("thinking_tokens", answer.thought().tokens());
        document.put("drafted_tokens", answer.draftedTokens());
        document.put("accepted_tokens", answer.acceptedTokens());
        document.put("first_token_seconds", answer.firstTokenNanos() / 1e9);
        document.put("thinking_seconds", answer.thought().nanos() / 1e9);
        document.put("seconds", answer.totalNanos() / 1e9);
        document.put("tokens_per_second", answer.tokensPerSecond());
        return document;
    }

    /// `glia run --strategy`: several answers to a prompt, and a choice among them.
    static final class StrategyAnswer {
        static final Option<String> STRATEGY = Option.text("STRATEGY", "several answers and a choice among them: "
                + "majority:8, best:8, beam:4x2, mcts:32x3 or parallel:4; @EFFORT may follow; --max-tokens is the "
                + "budget of all answers together", "--strategy").in("Thinking")
                .elsewhere("--best-of", "--self-consistency");
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
            Search.Result found = new Search(model, search).answer(strategy, new Question(prompt), seed);
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

        private static Map<String, Object> document(Strategy strategy, Search.Result found) {
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
}
