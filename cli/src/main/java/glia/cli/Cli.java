package glia.cli;

import glia.cli.args.Completions;
import glia.cli.args.Option;
import glia.cli.args.Program.Call;
import glia.cli.args.Program;
import glia.cli.args.Syntax;
import glia.cli.command.AlignCommand.AlignCheckCommand;
import glia.cli.command.AlignCommand.AlignLabelCommand;
import glia.cli.command.AlignCommand.AlignReviseCommand;
import glia.cli.command.AlignCommand;
import glia.cli.command.AttentionCommand;
import glia.cli.command.BenchCommand;
import glia.cli.command.ChatCommand;
import glia.cli.command.CheckCommand;
import glia.cli.command.ClassifyCommand;
import glia.cli.command.Command;
import glia.cli.command.CompletionCommand;
import glia.cli.command.ConvertCommand;
import glia.cli.command.CorpusCommand;
import glia.cli.command.DrawCommand;
import glia.cli.command.EmbedCommand;
import glia.cli.command.EvalCommand;
import glia.cli.command.FillMaskCommand;
import glia.cli.command.HelpCommand;
import glia.cli.command.InspectCommand;
import glia.cli.command.KeysCommand;
import glia.cli.command.LensCommand;
import glia.cli.command.LensFeaturesCommand;
import glia.cli.command.LensProbeCommand;
import glia.cli.command.LoadCommand;
import glia.cli.command.McpCommand;
import glia.cli.command.MergeCommand;
import glia.cli.command.ModelsCommand.ClearCommand;
import glia.cli.command.ModelsCommand.PullCommand;
import glia.cli.command.ModelsCommand.RemoveCommand;
import glia.cli.command.ModelsCommand;
import glia.cli.command.NewCommand;
import glia.cli.command.PerplexityCommand;
import glia.cli.command.PlanCommand;
import glia.cli.command.PsCommand;
import glia.cli.command.QuantizeCommand;
import glia.cli.command.ReasonBenchCommand;
import glia.cli.command.ReasonCommand;
import glia.cli.command.ReasonRouterCommand;
import glia.cli.command.ReasonSampleCommand;
import glia.cli.command.ReportCommand;
import glia.cli.command.RerankCommand;
import glia.cli.command.RunCommand;
import glia.cli.command.ServeCommand;
import glia.cli.command.SteerCommand;
import glia.cli.command.StopCommand;
import glia.cli.command.TasksCommand.TasksSampleCommand;
import glia.cli.command.TasksCommand.TasksSplitsCommand;
import glia.cli.command.TasksCommand;
import glia.cli.command.TasksScoreCommand;
import glia.cli.command.TasksTracesCommand;
import glia.cli.command.TokenizeCommand;
import glia.cli.command.TrainCommand;
import glia.cli.command.SpeakCommand;
import glia.cli.command.TranscribeCommand;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Output;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;

/// The program without its process: finds the command, runs it, and reports errors.
public final class Cli {
    private static final Syntax SYNTAX = new Syntax("glia", "Glia loads and runs language models", List.of(),
            List.of(Syntax.VERSION))
            .examples("""
                    $ glia chat
                    $ glia run stories260K "Once upon a time"
                    $ glia run HuggingFaceTB/SmolLM2-135M-Instruct "Why is the sky blue?\"""")
            .notes("glia COMMAND --help shows a command's options and examples.");

    private final Console console;
    private final List<Command> commands;
    private final Program program;

    /// @param console where to read and write
    public Cli(Console console) {
        this.console = console;
        this.commands = List.of(new ChatCommand(), new RunCommand(Version::line), new PullCommand(),
                new ModelsCommand(),
                new RemoveCommand(), new ClearCommand(), new ConvertCommand(), new QuantizeCommand(),
                new MergeCommand(),
                new NewCommand(), new InspectCommand(), new AttentionCommand(), new LensCommand(),
                new LensProbeCommand(), new LensFeaturesCommand(), new SteerCommand(), new TokenizeCommand(),
                new PerplexityCommand(), new PlanCommand(), new EvalCommand(Version::line), new TranscribeCommand(),
                new SpeakCommand(), new DrawCommand(), new EmbedCommand(), new RerankCommand(),
                new FillMaskCommand(),
                new ServeCommand(Version::line), KeysCommand.group(), KeysCommand.add(), KeysCommand.list(),
                KeysCommand.remove(),
                new PsCommand(), new StopCommand(),
                new LoadCommand(), new McpCommand(Version::line), new ClassifyCommand(), new BenchCommand(),
                new TrainCommand(Version::line), new CorpusCommand(), new ReportCommand(),
                new ReasonCommand(), new ReasonBenchCommand(), new ReasonRouterCommand(), new ReasonSampleCommand(),
                new AlignCommand(), new AlignCheckCommand(), new AlignReviseCommand(), new AlignLabelCommand(),
                new CheckCommand(),
                TasksCommand.group(), TasksCommand.list(), new TasksSampleCommand(), new TasksScoreCommand(),
                new TasksSplitsCommand(), new TasksTracesCommand(),
                new CompletionCommand(this::completions), new HelpCommand(this::dispatch));
        List<Syntax> syntaxes = new ArrayList<>();
        for (Command command : commands) {
            syntaxes.add(command.syntax());
        }
        this.program = new Program(SYNTAX, syntaxes, exitCodes(), Version::line, purposes());
    }

    /// Runs one command line.
    ///
    /// @param words the words after the program's name
    /// @return one of [ExitCode]
    public int run(List<String> words) {
        boolean debug = words.contains(Syntax.DEBUG.name()) || "1".equals(System.getenv("GLIA_DEBUG"));
        int exitCode;
        try {
            exitCode = dispatch(words);
        } catch (Exception | OutOfMemoryError e) {
            console.out().flush();
            exitCode = ErrorReport.of(e, meant(program.canonical(words))).print(console, debug ? e : null);
        }
        console.out().flush();
        if (exitCode == ExitCode.OK && console.out() instanceof Output output && output.failure().isPresent()) {
            console.err().println("glia: standard output cannot be written: " + output.failure().get());
            exitCode = ExitCode.BAD_FILE;
        }
        console.err().flush();
        return exitCode;
    }

    /// Parses one command line without running it.
    ///
    /// @throws glia.cli.args.UsageException if it is wrong
    void accepts(List<String> words) {
        program.parse(words, console);
    }

    /// The options of all commands.
    List<Option<?>> allOptions() {
        return commands.stream().flatMap(command -> command.syntax().options().stream()).toList();
    }

    /// The options of a command and of those of its group; of all commands if the name is empty. A name of two words
    /// whose second is none of a command's is that of the first alone.
    Set<String> options(String name) {
        List<String> words = program.canonical(name.isEmpty() ? List.of() : List.of(name.split(" ")));
        Set<String> options = new TreeSet<>();
        for (int length = Math.min(2, words.size()); options.isEmpty() && length >= 0; length--) {
            String start = String.join(" ", words.subList(0, length));
            if (length == 0 && !words.isEmpty()) {
                break;
            }
            commands.stream().map(Command::syntax)
                    .filter(s -> start.isEmpty() || s.name().equals(start) || s.name().startsWith(start + " "))
                    .flatMap(s -> s.options().stream()).forEach(option -> options.addAll(option.names()));
        }
        return options;
    }

    private int dispatch(List<String> words) throws Exception {
        Optional<Call> call = program.parse(words, console);
        if (call.isEmpty()) {
            return ExitCode.OK;
        }
        for (Command command : commands) {
            if (command.name().equals(call.get().syntax().name())) {
                return command.run(call.get().arguments(), console);
            }
        }
        throw new IllegalStateException("no command has the name " + call.get().syntax().name());
    }

    /// The program's name with that of the command that a command line names.
    private String meant(List<String> words) {
        List<String> names = words.stream().filter(word -> !word.startsWith("-")).toList();
        String meant = SYNTAX.name();
        for (Command command : commands) {
            List<String> name = List.of(command.name().split(" "));
            if (names.size() >= name.size() && names.subList(0, name.size()).equals(name)) {
                meant = SYNTAX.name() + " " + command.name();
            }
        }
        return meant;
    }

    private Completions completions() {
        return new Completions(SYNTAX, commands.stream().map(Command::syntax).toList(), CompletionCommand::known);
    }

    /// The headings of the list of commands.
    private static Map<String, String> purposes() {
        Map<String, List<String>> names = new LinkedHashMap<>();
        names.put("Use models", List.of("chat", "run", "embed", "rerank", "classify", "fill-mask",
                "transcribe", "speak", "draw"));
        names.put("Serve models", List.of("serve", "ps", "stop", "keys", "mcp", "load"));
        names.put("Get and change models", List.of("pull", "models", "convert", "quantize", "merge", "new"));
        names.put("Train models", List.of("train", "corpus", "report", "tasks", "reason", "align"));
        names.put("Examine models", List.of("inspect", "tokenize", "attention", "lens", "steer", "perplexity", "eval",
                "bench", "check"));
        names.put("Choose models", List.of("plan"));
        names.put("This program", List.of("completion", "help"));
        Map<String, String> purposes = new LinkedHashMap<>();
        names.forEach((heading, all) -> all.forEach(name -> purposes.put(name, heading)));
        return purposes;
    }

    private static Map<String, String> exitCodes() {
        Map<String, String> exitCodes = new LinkedHashMap<>();
        for (ExitCode.Meaning meaning : ExitCode.MEANINGS) {
            exitCodes.put(Integer.toString(meaning.code()), meaning.text());
        }
        return exitCodes;
    }

    /// The program's version, written by the build.
    static final class Version {
        private Version() {}

        /// The version with the JDK and the machine, for `--version`.
        static String line() {
            String system = System.getProperty("os.name") + " " + System.getProperty("os.arch");
            return "glia " + number() + " (JDK " + Runtime.version() + ", " + system.toLowerCase(Locale.ROOT) + ")";
        }

        private static String number() {
            Properties properties = new Properties();
            try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
                properties.load(in);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return properties.getProperty("version");
        }
    }
}
