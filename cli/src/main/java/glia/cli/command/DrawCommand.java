package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.engine.LanguageModel;
import glia.engine.picture.PictureGenerator;
import glia.engine.sampling.SamplingOptions;
import glia.io.hub.ModelLocation;
import glia.io.picture.Pixels;
import glia.tensor.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Generates a picture of a text.
public final class DrawCommand implements Command {
    private static final Pattern SIZE_OF = Pattern.compile("(\\d{1,5})x(\\d{1,5})");

    private static final Option<String> OUTPUT = Option.text("FILE", "PNG file to write (default: picture.png)",
            "--output", "-o");
    private static final Option<String> SIZE = Option.text("WxH", "width and height in pixels (default: the model's)",
            "--size");
    private static final Option<Float> GUIDANCE = Option.number("X", 0, 1000,
            "classifier-free guidance scale; 1 is off (default: the model family's, 5 for Janus, else 3)",
            "--guidance", "--cfg-scale");
    private static final Option<String> NEGATIVE = Option.text("TEXT", "negative prompt: what to keep away from",
            "--negative-prompt");
    private static final Option<Float> TEMPERATURE = Option.number("X", 0, Float.MAX_VALUE,
            "sampling temperature; 0 is greedy (default: 1)", "--temperature", "--temp");
    private static final Option<Integer> TOP_K = Option.integer("N", 0, Integer.MAX_VALUE,
            "sample from the N most probable codes; 0 is off (default: 0)", "--top-k");
    private static final Option<Long> SEED = Option.longInteger("N", "random seed (default: random)", "--seed", "-s");

    /// For [glia.cli.Cli].
    public DrawCommand() {}

    @Override
    public String name() {
        return "draw";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Generate a picture of a text",
                List.of(Models.MODEL, new Positional("TEXT", "what the picture shows", true)),
                Syntax.join(List.of(OUTPUT, TextFiles.FORCE, SIZE, GUIDANCE, NEGATIVE, TEMPERATURE, TOP_K, SEED),
                        ComputeOptions.ALL))
                .examples("""
                        $ glia draw deepseek-community/Janus-Pro-1B "a red circle on grass" -o circle.png --seed 7""")
                .notes("For models that generate the codes of a picture one after another and have a decoder for "
                        + "them: Janus, Emu3, and Chameleon with a decoder. Emu3 makes pictures of any size, in steps "
                        + "of 8 pixels.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        Path file = Path.of(arguments.get(OUTPUT).orElse("picture.png"));
        if (!file.toString().toLowerCase(Locale.ROOT).endsWith(".png")) {
            throw new UsageException("--output: found " + file + ", expected a name that ends with .png");
        }
        TextFiles.checkWritable(file, arguments);
        PictureGenerator.Options options = options(arguments);
        ModelLocation choice = Models.locate(Optional.of(arguments.required(0)), arguments, console);
        try (LanguageModel model = Models.load(choice.path(), ComputeOptions.of(arguments, Precision.FAST), arguments,
                console)) {
            PictureGenerator generator = PictureGenerator.of(model);
            Pixels picture = generator.generate(arguments.required(1), options, done -> {
                if (console.errIsTerminal()) {
                    console.clearProgress();
                    console.printDim(console.err(), done + " codes");
                    console.err().flush();
                }
                return true;
            }).orElseThrow();
            if (console.errIsTerminal()) {
                console.clearProgress();
            }
            Files.write(file, picture.png());
            console.out().println(file + ": " + picture.width() + " x " + picture.height() + " pixels");
        }
        return ExitCode.OK;
    }

    private static PictureGenerator.Options options(Arguments arguments) {
        SamplingOptions sampling = SamplingOptions.neutral().withTemperature(arguments.get(TEMPERATURE).orElse(1f))
                .withTopK(arguments.get(TOP_K).orElse(0));
        if (arguments.has(SEED)) {
            sampling = sampling.withSeed(arguments.get(SEED).orElseThrow());
        }
        int width = 0;
        int height = 0;
        if (arguments.has(SIZE)) {
            String size = arguments.get(SIZE).orElseThrow();
            Matcher matcher = SIZE_OF.matcher(size);
            if (!matcher.matches() || size.startsWith("0") || size.contains("x0")) {
                throw new UsageException("--size: found " + size + ", expected a width and a height such as 512x512");
            }
            width = Integer.parseInt(matcher.group(1));
            height = Integer.parseInt(matcher.group(2));
        }
        return new PictureGenerator.Options(arguments.get(GUIDANCE).map(OptionalDouble::of)
                .orElse(OptionalDouble.empty()), arguments.get(NEGATIVE).orElse(""), sampling, width, height);
    }
}
