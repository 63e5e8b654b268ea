package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.plan.choose.Checklist;
import glia.plan.choose.Claims;
import glia.plan.choose.Decisions;
import glia.plan.choose.Matrix;
import glia.plan.choose.Needs;
import glia.plan.choose.Planner;
import glia.plan.choose.Traffic;
import glia.plan.choose.TrainingPlan;
import glia.plan.data.Device;
import glia.plan.data.Devices;
import glia.plan.data.Prices;
import glia.plan.data.Quality;
import glia.plan.predict.Effects;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;

/// Chooses a model and hardware for needs, by computation.
public final class PlanCommand implements Command {
    private static final String NEEDS = "Needs";
    private static final float ANY = 1e12f;
    private static final Option<Needs.Task> TASK = Option.choice("TASK", Needs.Task.class,
            "what the model is for, which names the benchmark that ranks and usual lengths (default: chat)", "--task")
            .in(NEEDS);
    private static final Option<Integer> PROMPT = Option.integer("N", 0, 100_000_000,
            "tokens of a prompt, on average (default: 1000; 32000 for documents, 1500 for pictures and speech, 300 for "
                    + "vectors and labels)", "--prompt-tokens").in(NEEDS);
    private static final Option<Integer> LONG = Option.integer("N", 1, 100_000_000,
            "tokens that 95 % of the prompts do not exceed (default: lengths are not spread)", "--prompt-p95")
            .in(NEEDS);
    private static final Option<Integer> OUTPUT = Option.integer("N", 1, 100_000_000,
            "tokens of an answer without thinking, on average (default: 300; 100 for speech)", "--output-tokens")
            .in(NEEDS);
    private static final Option<Integer> LONG_OUTPUT = Option.integer("N", 1, 100_000_000,
            "tokens that 95 % of the answers do not exceed (default: lengths are not spread)", "--output-p95")
            .in(NEEDS);
    private static final Option<Integer> THINKING = Option.integer("N", 0, 100_000_000, "tokens that models think "
            + "before they answer (default: the fewest that were published in the benchmark)", "--thinking-tokens")
            .in(NEEDS);
    private static final Option<Float> RATE = Option.numberAbove("R", 0, ANY,
            "requests per second (default: 1; 0.01 on a device)", "--rate").in(NEEDS);
    private static final Option<Float> FIRST = Option.numberAbove("S", 0, ANY,
            "seconds to the first token, for 95 % of requests (default: 2)", "--first-token").in(NEEDS);
    private static final Option<Float> BETWEEN = Option.numberAbove("MS", 0, ANY,
            "milliseconds between tokens (default: 100)", "--between-tokens").in(NEEDS);
    private static final Option<Integer> CONTEXT = Option.integer("N", 0, 1_000_000_000,
            "tokens that the model must be able to read (default: prompt and answer)", "--context").in(NEEDS);
    private static final Option<String> FLOOR = Option.text("BENCHMARK=SCORE",
            "the least published score", "--quality").repeated().in(NEEDS);
    private static final Option<Needs.Licence> LICENCE = Option.choice("LICENCE", Needs.Licence.class,
            "what the weights must allow: any use with conditions, commercial use, or open (default: any)",
            "--licence").in(NEEDS);
    private static final Option<String> LANGUAGE = Option.text("CODE", "a language that the publisher must name, such "
            + "as de", "--language").repeated().in(NEEDS);
    private static final Option<Float> BUDGET = Option.numberAbove("USD", 0, ANY, "the most to spend in a month",
            "--budget").in(NEEDS);
    private static final Option<Boolean> PRIVATE = Option.flag("send no data to services: own hardware only",
            "--private").in(NEEDS);
    private static final String CANDIDATES = "Candidates";
    private static final Option<String> DEVICE = Option.text("NAME",
            "a device to consider, with its memory if that differs, as in \"Apple M4 Max (40) 64GB\" "
                    + "(default: all with a published price)", "--device").repeated().in(CANDIDATES);
    private static final Option<Float> PRICE = Option.numberAbove("USD", 0, ANY,
            "the price of an hour of a device, in place of published prices", "--price").in(CANDIDATES);
    private static final Option<String> MODEL = Option.text("NAME",
            "a model of the catalogue to consider, or the beginning of its name (default: all)", "--model").repeated()
            .in(CANDIDATES);
    private static final Option<String> CHECK = Option.text("DIR",
            "compare predictions with the published figures in tables of a folder", "--check");
    private static final Option<String> FIT = Option.text("FILE", "with --check: fit effects to all rows, write them "
            + "to a file, and compare each source with predictions from all other sources", "--fit");
    private static final Option<Boolean> CLUSTERS = Option.flag("predict published training runs on up to 16,384 "
            + "devices and over slow links from few fitted numbers, and print both", "--clusters");
    private static final Option<String> SCALING = Option.text("RUN", "fit a scaling law to folders of runs of glia "
            + "train, or to a table with parameters, tokens, loss, and show which run to do next", "--scaling")
            .repeated();
    private static final Option<String> HELD = Option.text("RUN", "with --scaling: a larger run that is not fitted, "
            + "to compare with its prediction", "--held-out").repeated();
    private static final Option<String> CHART = Option.text("FILE", "with --scaling: also write a chart as SVG",
            "--chart");
    private static final Option<Boolean> MATRIX = Option.flag(
            "compare architectures from 4k to 10M tokens, kinds of models at equal quality, "
                    + "thinking at equal cost, and public claims with the arithmetic", "--matrix");
    private static final Option<Boolean> MACHINE = Option.flag(
            "measure this machine for 15 s and show what runs on it and how fast; with --model, a file or a model of "
                    + "the catalogue, its speeds under the names of glia bench", "--this-machine");
    private static final Option<String> HTML = Option.text("FILE", "also write the plan as a web page in one file, "
            + "with charts, which computes it again for other needs", "--html").elsewhere("--output");
    private static final Option<Boolean> MARKDOWN = Option.flag("print Markdown", "--markdown");
    private static final Option<Boolean> CHECKLIST = Option.flag(
            "print the checklist of the cheapest choice as Markdown", "--checklist");
    private static final String RUN = "Training";
    private static final Option<Float> TOKENS = Option.numberAbove("N", 0, 1e18f, "plan a training run of --model "
            + "(default: llama-3.1-8b) on this many tokens, such as 15e12: layout, memory, time and cost",
            "--train-tokens").in(RUN);
    private static final Option<Float> UNIQUE = Option.numberAbove("N", 0, 1e18f, "tokens of the text that differ, if "
            + "it is read several times (default: all)", "--unique-tokens").in(RUN);
    private static final Option<Integer> DEVICES = Option.integer("N", 1, 1_000_000, "devices of the run (default: 8)",
            "--devices").in(RUN);
    private static final Option<Integer> SEQUENCE = Option.integer("N", 1, 1_000_000_000,
            "tokens of a sequence (default: 8192)", "--sequence").in(RUN);
    private static final Option<TrainingPlan.Method> METHOD = Option.choice("METHOD", TrainingPlan.Method.class,
            "what is trained: all weights, LoRA adapters, or all weights by reinforcement learning with rollouts "
                    + "(default: full)", "--method").in(RUN);
    private static final Option<Boolean> FP8 = Option.flag("multiply in FP8 in place of BF16", "--fp8").in(RUN);
    private static final String USUAL_DEVICE = "H100 SXM 80GB";
    /// What a file of needs may hold, by the names of the options.
    private static final List<Option<?>> OF_FILE = List.of(TASK, PROMPT, LONG, OUTPUT, LONG_OUTPUT, THINKING, RATE,
            FIRST, BETWEEN, CONTEXT, FLOOR, LICENCE, LANGUAGE, BUDGET, PRIVATE, DEVICE, PRICE, MODEL);
    private static final List<Option<?>> ASKED = List.of(TASK, PROMPT, LONG, OUTPUT, RATE, CONTEXT, FIRST, LICENCE,
            LANGUAGE, BUDGET, DEVICE);

    /// For [glia.cli.Cli].
    public PlanCommand() { }

    @Override
    public String name() {
        return "plan";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Choose a model and hardware for what you need",
                List.of(new Positional("NEEDS", "YAML file of needs: the options below as keys; with "
                        + "--scaling, further runs", false).repeated()),
                List.of(Json.OPTION, MARKDOWN, HTML, TextFiles.FORCE, MACHINE, MATRIX, CHECK, FIT, CLUSTERS, SCALING,
                        HELD, CHART, CHECKLIST,
                        TASK, PROMPT, LONG, OUTPUT, LONG_OUTPUT, THINKING, RATE, FIRST, BETWEEN, CONTEXT, FLOOR,
                        LICENCE, LANGUAGE, BUDGET, PRIVATE,
                        DEVICE, PRICE, MODEL, TOKENS, UNIQUE, DEVICES, SEQUENCE, METHOD, FP8))
                .examples("""
                        $ glia plan --task code --rate 2 --quality livecodebench=25
                        $ glia plan --device "RTX 4090" --price 0.4 --prompt-tokens 4000 --licence open
                        $ glia plan needs.yaml --html plan.html
                        $ glia plan --this-machine
                        $ glia plan --train-tokens 1e12 --model llama-3.1-8b --devices 512
                        $ glia plan --matrix --device "H200 SXM 141GB"
                        $ glia plan --scaling runs/scaling/dense-* --held-out runs/large --chart law.svg
                        $ glia plan --clusters
                        $ glia plan --check planning""")
                .notes("Speed is predicted from the arithmetic of the models and efficiencies that were fitted to "
                        + "published figures; prices and scores are published ones, with source and date in --json. "
                        + "In a terminal, glia plan without options asks.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        if (arguments.has(CHECK)) {
            return PlanCheck.run(Path.of(arguments.required(CHECK)), arguments.get(FIT).map(Path::of),
                    arguments.has(Json.OPTION), console);
        }
        if (arguments.has(CLUSTERS)) {
            return PlanClusters.run(arguments.has(Json.OPTION), arguments.has(MARKDOWN), console);
        }
        if (arguments.has(SCALING)) {
            List<Path> runs = Stream.concat(arguments.all(SCALING).stream(), arguments.repeated().stream())
                    .map(Path::of).toList();
            return PlanScaling.run(runs, arguments.all(HELD).stream().map(Path::of).toList(),
                    TextFiles.output(CHART, arguments), arguments.has(Json.OPTION), console);
        }
        if (arguments.repeated().size() > 1) {
            throw new UsageException("found " + String.join(", ", arguments.repeated())
                    + ", expected one file of needs");
        }
        if (arguments.has(MACHINE)) {
            return PlanMachine.run(arguments.all(MODEL), arguments.has(Json.OPTION), console);
        }
        if (arguments.has(TOKENS)) {
            float tokens = arguments.required(TOKENS);
            float unique = arguments.get(UNIQUE).orElse(tokens);
            if (unique > tokens) {
                throw new UsageException("--unique-tokens: found " + unique + ", expected at most the "
                        + tokens + " of --train-tokens");
            }
            return PlanTraining.run(training(arguments), unique, arguments.has(Json.OPTION), console);
        }
        if (arguments.has(MATRIX)) {
            matrix(arguments, console);
            return ExitCode.OK;
        }
        if (arguments.optional(0).isPresent()) {
            return plan(PlanNeeds.of(Path.of(arguments.required(0)), arguments, OF_FILE), console);
        }
        if (console.inIsTerminal() && console.outIsTerminal()
                && syntax().options().stream().noneMatch(arguments::has)) {
            Optional<Arguments> answered = PlanNeeds.ask(arguments, ASKED, console);
            if (answered.isEmpty()) {
                return ExitCode.INTERRUPTED;
            }
            return answered.get().all(DEVICE).equals(List.of(PlanNeeds.HERE))
                    ? PlanMachine.run(List.of(), false, console) : plan(answered.get(), console);
        }
        return plan(arguments, console);
    }

    private static void matrix(Arguments arguments, Console console) {
        Device device = Devices.known().get(arguments.get(DEVICE).orElse(USUAL_DEVICE));
        Effects effects = Effects.fitted();
        Planner planner = new Planner(effects, Devices.known());
        List<Matrix.Row> rows = Matrix.of(arguments.has(MODEL) ? arguments.all(MODEL) : Matrix.MODELS, device, effects);
        Needs knowledge = needs(Needs.Task.KNOWLEDGE, 20, device);
        Needs reasoning = needs(Needs.Task.REASONING, 0.1, device);
        PlanMatrix.print(rows, new PlanDecisions(Decisions.of(rows, device, effects), knowledge,
                Decisions.atEqualQuality(planner, knowledge), reasoning, Decisions.atEqualCost(planner, reasoning),
                Claims.of(device, effects)), device, arguments.has(Json.OPTION), arguments.has(MARKDOWN), console);
    }

    private static Needs needs(Needs.Task task, double rate, Device device) {
        return new Needs(task, Traffic.of(task.usualPrompt(), task.usualOutput(), rate), 2, 0.1, 0, Map.of(),
                Needs.Licence.ANY, List.of(), List.of(device.name()), Double.POSITIVE_INFINITY, OptionalDouble.empty(),
                List.of(), true);
    }

    private static int plan(Arguments arguments, Console console) throws IOException {
        Needs needs = needs(arguments);
        Optional<Path> page = TextFiles.output(HTML, arguments);
        Effects effects = Effects.fitted();
        Devices devices = Devices.known();
        Planner planner = new Planner(effects, devices);
        Planner.Plan plan = planner.plan(needs);
        if (page.isPresent()) {
            new PlanPage(needs, planner, effects, plan.services()).write(page.get(), devices.get(USUAL_DEVICE));
            console.err().println("Wrote " + page.get());
        }
        if (arguments.has(CHECKLIST) && !plan.choices().isEmpty()) {
            console.out().print(Checklist.of(needs, plan.choices().getFirst()));
            return ExitCode.OK;
        }
        if (arguments.has(Json.OPTION)) {
            Json.print(console, PlanReport.document(needs, plan));
        } else {
            PlanReport.print(needs, plan, arguments.has(MARKDOWN), console);
        }
        return plan.choices().isEmpty() ? ExitCode.FAILED : ExitCode.OK;
    }

    private static TrainingPlan.Task training(Arguments arguments) {
        String name = arguments.get(MODEL).orElse("llama-3.1-8b");
        Device device = Devices.known().get(arguments.get(DEVICE).orElse(USUAL_DEVICE));
        double dollars = arguments.has(PRICE) ? arguments.required(PRICE)
                : Prices.known().of(device.name()).map(Prices.Price::dollars).orElse(0.0);
        return new TrainingPlan.Task(PlanMachine.ofCatalogue(name), arguments.required(TOKENS),
                arguments.get(SEQUENCE).orElse(8192), arguments.get(METHOD).orElse(TrainingPlan.Method.FULL),
                arguments.has(FP8) ? "FP8" : "BF16", device, arguments.get(DEVICES).orElse(8), dollars);
    }

    private static Needs needs(Arguments arguments) {
        Map<String, Double> floors = new LinkedHashMap<>();
        for (String floor : arguments.all(FLOOR)) {
            int at = floor.lastIndexOf('=');
            try {
                floors.put(benchmark(floor.substring(0, Math.max(0, at))), Double.parseDouble(floor.substring(at + 1)));
            } catch (NumberFormatException e) {
                throw new UsageException("--quality: found '" + floor + "', expected BENCHMARK=SCORE, such as "
                        + "mmlu-pro=60");
            }
        }
        Needs.Task task = arguments.get(TASK).orElse(Needs.Task.CHAT);
        int prompt = arguments.get(PROMPT).orElse(task.usualPrompt());
        int output = arguments.get(OUTPUT).orElse(task.usualOutput());
        int request = Math.max(prompt, arguments.get(LONG).orElse(0))
                + Math.max(output, arguments.get(LONG_OUTPUT).orElse(0));
        if (arguments.has(CONTEXT) && arguments.required(CONTEXT) > 0 && arguments.required(CONTEXT) < request) {
            throw new UsageException("--context: found " + arguments.required(CONTEXT) + " tokens, but a prompt and "
                    + "its answer have " + request + " (--prompt-tokens, --output-tokens, and their -p95); the nearest "
                    + "possible is " + request);
        }
        try {
            return new Needs(task, new Traffic(prompt, arguments.get(LONG).orElse(0), output,
                    arguments.get(LONG_OUTPUT).orElse(0), arguments.has(THINKING)
                    ? OptionalDouble.of(arguments.required(THINKING)) : OptionalDouble.empty(),
                    arguments.get(RATE).map(Float::doubleValue).orElse(task.usualRate())),
                    arguments.get(FIRST).orElse(2f),
                    arguments.get(BETWEEN).orElse(100f) / 1e3, arguments.get(CONTEXT).orElse(0), floors,
                    arguments.get(LICENCE).orElse(Needs.Licence.ANY), arguments.all(LANGUAGE), arguments.all(DEVICE),
                    arguments.has(BUDGET) ? arguments.required(BUDGET) : Double.POSITIVE_INFINITY,
                    arguments.has(PRICE) ? OptionalDouble.of(arguments.required(PRICE)) : OptionalDouble.empty(),
                    arguments.all(MODEL), arguments.has(PRIVATE));
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }

    private static String benchmark(String name) {
        List<String> known = Quality.known().benchmarks();
        return known.stream().filter(name::equalsIgnoreCase).findFirst().orElseThrow(() -> new UsageException(
                "--quality: no scores of a benchmark '" + name + "' are known; there are " + String.join(", ", known)));
    }
}
