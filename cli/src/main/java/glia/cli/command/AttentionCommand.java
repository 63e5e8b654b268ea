package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.option.ComputeOptions;
import glia.cli.option.PictureFlags;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Units;
import glia.engine.LanguageModel;
import glia.engine.call.Prompt;
import glia.engine.call.RenderedPrompt;
import glia.io.hub.ModelLocation;
import glia.io.picture.Picture;
import glia.lab.attention.AttentionMaps;
import glia.lab.attention.GradientSaliency;
import glia.model.block.Input;
import glia.model.spec.Tower;
import glia.tensor.Precision;
import glia.text.template.ChatMessage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/// Writes attention maps and gradient saliency as a web page.
public final class AttentionCommand implements Command {
    /// Tokens of a text at the most: maps grow with their square.
    private static final int MOST_TOKENS = 256;
    /// Tokens of a conversation with pictures at the most.
    private static final int MOST_WITH_PICTURES = 1500;
    /// Targets of gradient saliency: each costs a backward pass, of which a 135M model does about four a second.
    private static final int DEFAULT_TARGETS = 32;

    private static final Option<String> PROMPT =
            Option.text("TEXT", "text (default: standard input)", "--prompt", "-p");
    private static final Option<Integer> LAYER =
            Option.integer("N", 0, 9999, "layer to show, from 0 (default: all)", "--layer");
    private static final Option<Integer> HEAD =
            Option.integer("N", 0, 9999, "head to show, from 0 (default: all)", "--head");
    private static final Option<Integer> SALIENCY = Option.integer("N", 1, MOST_TOKENS,
            "gradient saliency for the last N tokens; 256 is all (default: 32)", "--saliency");
    private static final Option<String> OUT =
            Option.text("FILE", "HTML file (default: attention.html)", "--output", "-o");

    /// For [glia.cli.Cli].
    public AttentionCommand() {}

    @Override
    public String name() {
        return "attention";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Plot attention maps and gradient saliency as a web page", List.of(Models.MODEL),
                Syntax.join(List.of(PROMPT, PictureFlags.IMAGE, PictureFlags.ALLOW_URLS, ComputeOptions.MMPROJ, LAYER,
                        HEAD, SALIENCY, OUT, TextFiles.FORCE), ComputeOptions.ALL))
                .examples("""
                        $ glia attention stories260K -p "Once upon a time" -o page.html
                        page.html: 5 tokens, 40 maps, gradient saliency
                        $ glia attention Qwen/Qwen2-VL-2B-Instruct -p "What is this?" --image cat.jpg""")
                .notes("The page needs no other file. It shows the attention map of each layer and head, arcs from a "
                        + "token to those with the largest weights, and gradient saliency: the norm of the gradient of "
                        + "a token's best logit with respect to each embedding. Sparse attention with an indexer has "
                        + "no map. With --image the text is a message of a chat, and the page draws over the picture "
                        + "which patches a token attends to; there is no saliency then. Encoder-decoder models, such "
                        + "as T5, are not supported.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        Path out = Path.of(arguments.get(OUT).orElse("attention.html"));
        TextFiles.checkWritable(out, arguments);
        String text = arguments.get(PROMPT).isPresent() ? arguments.get(PROMPT).get()
                : new String(console.in().readAllBytes(), StandardCharsets.UTF_8).stripTrailing();
        ModelLocation choice = Models.locate(Optional.of(arguments.required(0)), arguments, console);
        try (LanguageModel model = Models.load(choice.path(), ComputeOptions.of(arguments, Precision.EXACT), arguments,
                console)) {
            if (model.model().spec().encoder().isPresent()) {
                throw new UsageException("the family '" + model.model().spec().modelType() + "' reads one text and "
                        + "writes another, and the page is made for one text: models with an encoder and a decoder "
                        + "cannot be shown");
            }
            if (arguments.has(PictureFlags.IMAGE)) {
                return pictures(model, choice, text, out, arguments, console);
            }
            int[] ids = model.tokenizer().encode(text, true);
            if (ids.length == 0 || ids.length > MOST_TOKENS) {
                throw new UsageException("the text has " + Units.counted(ids.length, "token") + ", expected 1 to "
                        + MOST_TOKENS);
            }
            List<AttentionMaps.Map> maps = AttentionMaps.of(model.engine(), ids);
            AttentionPage page = new AttentionPage(choice.path().getFileName().toString(), texts(model, ids));
            int count = addMaps(page, maps, arguments, console);
            int targets = Math.min(ids.length, arguments.get(SALIENCY).orElse(DEFAULT_TARGETS));
            GradientSaliency saliency = saliency(model, ids, targets, console);
            page.add(saliency, texts(model, saliency.best()));
            TextFiles.write(out, page.html());
            console.printText(out + ": " + Units.counted(ids.length, "token") + ", "
                    + Units.counted(count, "map") + ", gradient saliency"
                    + (targets == ids.length ? "" : " of the last " + Units.counted(targets, "token")
                    + " (--saliency N for more)"));
        }
        return ExitCode.OK;
    }

    /// Writes the page of a message with pictures.
    private static int pictures(LanguageModel model, ModelLocation choice, String text, Path out, Arguments arguments,
            Console console) throws IOException {
        List<Picture> pictures = arguments.all(PictureFlags.IMAGE).stream()
                .map(file -> PictureFlags.read(file, model, arguments)).toList();
        Input input = RenderedPrompt.of(model, new Prompt.Conversation(List.of(ChatMessage.user(text)
                .withPictures(pictures)), List.of(), Map.of(), false), model.options()).input();
        int count = input.ids().length;
        if (count > MOST_WITH_PICTURES) {
            throw new UsageException("the message has " + Units.counted(count, "token") + ", expected 1 to "
                    + MOST_WITH_PICTURES + "; make the picture smaller");
        }
        List<String> texts = new ArrayList<>(texts(model, input.ids()));
        AttentionPage page = new AttentionPage(choice.path().getFileName().toString(), texts);
        List<Input.Embedded> runs = input.embedded();
        for (int i = 0, run = 0; i < pictures.size(); i++) {
            // Of tiles and the whole picture, the whole comes first in one run, or last in one of its own.
            int own = model.pictures().rows(List.of(pictures.get(i))).size();
            Input.Embedded whole = runs.get(run + own - 1);
            int[] grid = grid(model, whole.rows());
            page.add(pictures.get(i), whole.start(), grid[0], grid[1]);
            for (int at = 0; at < grid[0] * grid[1]; at++) {
                texts.set(whole.start() + at, "▦" + (at / grid[1] + 1) + "," + (at % grid[1] + 1));
            }
            run += own;
        }
        int maps = addMaps(page, AttentionMaps.of(model.engine(), input), arguments, console);
        TextFiles.write(out, page.html());
        console.printText(out + ": " + Units.counted(count, "token") + ", " + Units.counted(maps, "map") + ", "
                + Units.counted(pictures.size(), "picture"));
        return ExitCode.OK;
    }

    /// The rows and columns of the patches of the whole picture.
    private static int[] grid(LanguageModel model, Input.Rows rows) {
        Tower tower = model.model().spec().towers().getFirst();
        List<Integer> grid = rows.grid();
        if (grid.size() == Tower.NUM_AXES && grid.getFirst() == 1
                && grid.get(1) / tower.side() * (grid.get(2) / tower.side()) == rows.count()) {
            return new int[] {grid.get(1) / tower.side(), grid.get(2) / tower.side()};
        }
        // LLaVA-NeXT's run begins with the whole picture, a square.
        int side = tower.projector().stream().filter(Tower.Step.Tiled.class::isInstance)
                .mapToInt(step -> ((Tower.Step.Tiled) step).across()).findFirst()
                .orElse((int) Math.sqrt(rows.count()));
        return new int[] {side, Math.min(side, rows.count() / side)};
    }

    private static GradientSaliency saliency(LanguageModel model, int[] ids, int targets, Console console) {
        GradientSaliency saliency = GradientSaliency.of(model.engine(), ids, targets, (done, total) -> {
            if (console.errIsTerminal()) {
                console.clearProgress();
                console.err().print("gradient saliency: " + done + " of " + total + " tokens");
                console.err().flush();
            }
        });
        if (console.errIsTerminal()) {
            console.clearProgress();
        }
        return saliency;
    }

    /// Adds the maps of the layers and heads of the options. If all heads of all layers do not fit the page, it adds
    /// the mean of each layer's heads.
    ///
    /// @return the number of maps
    private static int addMaps(AttentionPage page, List<AttentionMaps.Map> maps, Arguments arguments,
            Console console) {
        int numAll = maps.stream().mapToInt(map -> map.weights().length).sum();
        boolean means = arguments.get(LAYER).isEmpty() && arguments.get(HEAD).isEmpty() && !maps.isEmpty()
                && !AttentionPage.fits(numAll, maps.getFirst().weights()[0].length);
        if (means) {
            maps.forEach(page::addMean);
            console.err().println("glia: " + numAll + " maps would make too large a page; it shows the mean of each "
                    + "layer's heads. --layer N shows the heads of a layer, --head N a head of each layer");
            return maps.size();
        }
        int count = 0;
        for (AttentionMaps.Map map : maps) {
            List<Integer> heads = IntStream.range(0, map.weights().length).boxed()
                    .filter(h -> arguments.get(HEAD).isEmpty() || arguments.get(HEAD).get().equals(h)).toList();
            boolean asked = arguments.get(LAYER).isEmpty() || arguments.get(LAYER).get() == map.layer();
            if (asked && !heads.isEmpty()) {
                page.add(map, heads);
                count += heads.size();
            }
        }
        if (count == 0 && (arguments.has(LAYER) || arguments.has(HEAD))) {
            throw new UsageException("there is no such layer and head with a map; "
                    + (maps.isEmpty() ? "the model has no attention layers" : "layers with maps are "
                    + maps.stream().map(m -> m.layer() + " (" + Units.counted(m.weights().length, "head") + ")")
                            .distinct().toList()));
        }
        return count;
    }

    private static List<String> texts(LanguageModel model, int[] ids) {
        return Arrays.stream(ids).mapToObj(id -> id < 0 ? "" : model.tokenizer().decode(new int[] {id}, false))
                .toList();
    }
}
