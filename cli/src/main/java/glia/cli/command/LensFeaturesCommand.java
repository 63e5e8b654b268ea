package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.engine.LanguageModel;
import glia.engine.inspect.LayerStates;
import glia.io.hub.ModelLocation;
import glia.tensor.Precision;
import glia.train.interpret.SparseAutoencoder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/// Trains a sparse autoencoder on the hidden states of a layer and shows its features.
public final class LensFeaturesCommand implements Command {
    private static final int WINDOW = 128;
    private static final int BATCH = 256;
    private static final int CONTEXT = 10;
    private static final int EXAMPLES = 6;
    private static final int CHUNK = 1024;
    private static final int HELD_OUT_SHARE = 10;
    private static final int MOST_SHOWN = 1000;

    private static final Option<Integer> LAYER = Option.integer("N", 0, 9999,
            "layer, from 0 (default: the middle one)", "--layer");
    private static final Option<Integer> FEATURES = Option.integer("N", 2, 1 << 20,
            "features (default: four times the hidden size)", "--features");
    private static final Option<Integer> ACTIVE = Option.integer("K", 1, 4096,
            "features that are active for a token at the most (default: 16)", "--active");
    private static final Option<Integer> STEPS = Option.integer("N", 1, 1_000_000,
            "steps of " + BATCH + " tokens (default: 1000)", "--steps");
    private static final Option<Float> RATE = Option.numberAbove("X", 0, 1, "learning rate (default: 0.001)", "--rate");
    private static final Option<Integer> MOST_TOKENS = Option.integer("N", 100, 10_000_000,
            "tokens of the text at the most, the first ones (default: 20000)", "--tokens");
    private static final Option<Long> SEED = Option.longInteger("N", "random seed (default: 1)", "--seed", "-s");

    /// For [glia.cli.Cli].
    public LensFeaturesCommand() {}

    @Override
    public String name() {
        return "lens sae";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Train a sparse autoencoder on a layer and show its features",
                List.of(Models.MODEL, new Positional("FILE", "text file in UTF-8", true,
                        Optional.of(Option.text("FILE", "the same as FILE", "--file", "-f")))),
                Syntax.join(List.of(LAYER, FEATURES, ACTIVE, STEPS, RATE, MOST_TOKENS, SEED, LensCommand.HTML,
                        TextFiles.FORCE, Json.OPTION), ComputeOptions.ALL))
                .examples("""
                        $ glia lens sae SmolLM2-135M-Instruct book.txt --layer 15 --html features.html""")
                .notes("The text is read in windows of " + WINDOW + " tokens. The first token of each is left out: its "
                        + "hidden state is far larger than the others in most models. A tenth of the windows is held "
                        + "out, for the share of the variance that the reconstruction explains. A feature is dead if "
                        + "no token activates it.");
    }

    /// The windows of a text, the hidden states of all tokens but the first of each, and where these are: window and
    /// place in it.
    private record Activations(List<int[]> windows, List<float[]> states, List<int[]> places) {
        float[][] part(boolean isHeldOut) {
            return IntStream.range(0, states.size()).filter(n ->
                    (places.get(n)[0] % HELD_OUT_SHARE == HELD_OUT_SHARE - 1) == isHeldOut).mapToObj(states::get)
                    .toArray(float[][]::new);
        }
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        Optional<Path> page = TextFiles.output(LensCommand.HTML, arguments);
        String text = TextFiles.read(Path.of(arguments.required(1)));
        ModelLocation choice = Models.locate(Optional.of(arguments.required(0)), arguments, console);
        try (LanguageModel model = Models.load(choice.path(), ComputeOptions.of(arguments, Precision.EXACT), arguments,
                console)) {
            LensCommand.requireLayers(model);
            int layers = model.model().spec().numLayers();
            int layer = arguments.get(LAYER).orElse(layers / 2);
            if (layer >= layers) {
                throw new UsageException("--layer: the model has the layers 0 to " + (layers - 1));
            }
            Activations all = read(model, text, layer, arguments.get(MOST_TOKENS).orElse(20_000), console);
            float[][] training = all.part(false);
            float[][] heldOut = all.part(true);
            int active = arguments.get(ACTIVE).orElse(16);
            int features = arguments.get(FEATURES).orElse(4 * model.model().spec().hiddenSize());
            try (SparseAutoencoder sae = new SparseAutoencoder(model.engine().ops().kernels(), training, features,
                    active, arguments.get(SEED).orElse(1L))) {
                List<Double> losses = train(sae, training, arguments, console);
                Map<String, Object> document = new LinkedHashMap<>();
                document.put("layer", layer);
                document.put("features", features);
                document.put("active", active);
                document.put("tokens", all.states.size());
                document.put("explained", LensPage.number(sae.explained(training)));
                document.put("explained_held_out", heldOut.length == 0 ? null
                        : LensPage.number(sae.explained(heldOut)));
                document.put("losses", losses);
                List<Map<String, Object>> found = features(model, sae, all);
                document.put("dead", features - found.size());
                document.put("found", found.stream().limit(MOST_SHOWN).toList());
                if (arguments.has(Json.OPTION)) {
                    Json.print(console, document);
                } else {
                    print(document, found, console);
                }
                if (page.isPresent()) {
                    new LensPage(choice.path().getFileName().toString(), "Features of layer " + layer)
                            .add("features", document).write(page.get());
                }
            } catch (IllegalArgumentException e) {
                throw new UsageException(e.getMessage(), e);
            }
        }
        return ExitCode.OK;
    }

    private static Activations read(LanguageModel model, String text, int layer, int mostTokens, Console console) {
        int[] ids = model.tokenizer().encodePlain(text, false);
        Activations all = new Activations(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        int most = Math.min(ids.length, mostTokens);
        int window = Math.min(WINDOW, model.contextLength());
        for (int from = 0; from + 1 < most; from += window) {
            int[] part = Arrays.copyOfRange(ids, from, Math.min(most, from + window));
            int number = all.windows.size();
            all.windows.add(part);
            if (part.length > 1) {
                LayerStates.read(model.engine(), part, (at, hidden, _) -> {
                    for (int t = 1; at == layer && t < part.length; t++) {
                        all.states.add(hidden.rows(t, t + 1).toArray());
                        all.places.add(new int[] {number, t});
                    }
                });
            }
            LensCommand.progress(console, "hidden states: " + all.states.size() + " of " + most);
        }
        return all;
    }

    private static List<Double> train(SparseAutoencoder sae, float[][] states, Arguments arguments, Console console) {
        SplittableRandom random = new SplittableRandom(arguments.get(SEED).orElse(1L));
        int steps = arguments.get(STEPS).orElse(1000);
        double rate = arguments.get(RATE).orElse(0.001f);
        List<Double> losses = new ArrayList<>();
        for (int step = 0; step < steps; step++) {
            float[][] batch = new float[BATCH][];
            for (int i = 0; i < BATCH; i++) {
                batch[i] = states[random.nextInt(states.length)];
            }
            // The last fifth goes down to 0.
            double factor = Math.min(1, (steps - step) / (0.2 * steps));
            losses.add(LensPage.number(sae.step(batch, rate * factor)));
            LensCommand.progress(console, String.format(Locale.ROOT, "step %d of %d  loss %.3f", step + 1, steps,
                    losses.getLast()));
        }
        LensCommand.progress(console, "");
        return losses;
    }

    /// The features that are active, the strongest first, each with the tokens that activate it most.
    private static List<Map<String, Object>> features(LanguageModel model, SparseAutoencoder sae, Activations all) {
        List<List<float[]>> hits = new ArrayList<>();
        IntStream.range(0, sae.numFeatures()).forEach(f -> hits.add(new ArrayList<>()));
        for (int from = 0; from < all.states.size(); from += CHUNK) {
            SparseAutoencoder.Code[] codes = sae.encode(all.states.subList(from, Math.min(all.states.size(),
                    from + CHUNK)).toArray(float[][]::new));
            for (int n = 0; n < codes.length; n++) {
                for (int j = 0; j < codes[n].features().length; j++) {
                    hits.get(codes[n].features()[j]).add(new float[] {from + n, codes[n].activations()[j]});
                }
            }
        }
        List<Map<String, Object>> found = new ArrayList<>();
        for (int f = 0; f < hits.size(); f++) {
            List<float[]> ofFeature = hits.get(f);
            if (ofFeature.isEmpty()) {
                continue;
            }
            ofFeature.sort(Comparator.comparingDouble(h -> -h[1]));
            Map<String, Object> feature = new LinkedHashMap<>();
            feature.put("feature", f);
            feature.put("share", LensPage.number((double) ofFeature.size() / all.states.size()));
            feature.put("most", LensPage.number(ofFeature.getFirst()[1]));
            List<Object> examples = new ArrayList<>();
            for (float[] hit : ofFeature.subList(0, Math.min(EXAMPLES, ofFeature.size()))) {
                int[] place = all.places.get((int) hit[0]);
                int[] window = all.windows.get(place[0]);
                Map<String, Object> example = new LinkedHashMap<>();
                example.put("activation", LensPage.number(hit[1]));
                example.put("before", model.tokenizer().decode(Arrays.copyOfRange(window,
                        Math.max(0, place[1] - CONTEXT), place[1]), false));
                example.put("token", LensPage.texts(model, window[place[1]]).getFirst());
                example.put("after", model.tokenizer().decode(Arrays.copyOfRange(window, place[1] + 1,
                        Math.min(window.length, place[1] + 1 + CONTEXT / 2)), false));
                examples.add(example);
            }
            feature.put("examples", examples);
            found.add(feature);
        }
        found.sort(Comparator.comparingDouble(f -> -((Double) f.get("most"))));
        return found;
    }

    private static void print(Map<String, Object> document, List<Map<String, Object>> found, Console console) {
        console.printText(String.format(Locale.ROOT, "layer %d: %d features, %d active a token at the most, %d of them "
                + "dead; the reconstruction explains %s of the variance of %d tokens%s", document.get("layer"),
                document.get("features"), document.get("active"), document.get("dead"),
                LensProbeCommand.percent((Double) document.get("explained")), document.get("tokens"),
                document.get("explained_held_out") == null ? "" : ", "
                + LensProbeCommand.percent((Double) document.get("explained_held_out")) + " of held-out ones"));
        Table table = new Table("rrl").head("feature", "active", "tokens that activate it most");
        for (Map<String, Object> feature : found.subList(0, Math.min(20, found.size()))) {
            StringBuilder tokens = new StringBuilder();
            for (Object example : (List<?>) feature.get("examples")) {
                tokens.append(LensCommand.quoted((String) ((Map<?, ?>) example).get("token"))).append(' ');
            }
            table.row(feature.get("feature"), LensProbeCommand.percent((Double) feature.get("share")),
                    tokens.toString().strip());
        }
        table.print(console);
    }
}
