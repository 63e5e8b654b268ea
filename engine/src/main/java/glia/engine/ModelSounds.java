package glia.engine;

import glia.engine.pass.Engine;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.Folders;
import glia.io.sound.Sound;
import glia.io.sound.SoundException;
import glia.io.sound.SoundProcessor;
import glia.jinja.value.TextBuilder;
import glia.jinja.value.TrustedText;
import glia.model.block.Input;
import glia.model.spec.Tower;
import glia.text.template.ChatMessage;
import glia.text.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/// How a model reads the sounds of a conversation: its chat template writes one placeholder for each, its processor
/// makes the features of its tower of sounds. Any number of threads may use it.
final class ModelSounds {
    private static final String SETTINGS = "preprocessor_config.json";
    /// The settings of sounds in those of all inputs.
    private static final String EXTRACTOR = "feature_extractor";
    private static final String BEGIN = "boa_token_id";
    private static final String END = "eoa_token_index";
    private static final double MOST_SECONDS = 3600;

    private final Path path;
    private final Engine engine;
    private final Tokenizer tokenizer;
    /// The number of the tower; -1 if there is none.
    private final int number;
    private SoundProcessor processor;
    private Ends ends;

    /// The tokens that begin and end a sound; empty where the config names none.
    private record Ends(String begin, String end) { }

    ModelSounds(Path path, Engine engine, Tokenizer tokenizer) {
        this.path = path;
        this.engine = engine;
        this.tokenizer = tokenizer;
        List<Tower> towers = engine.model().spec().towers();
        number = IntStream.range(0, towers.size()).filter(i -> towers.get(i).chunks().isPresent()).findFirst()
                .orElse(-1);
    }

    /// Whether the model reads sounds.
    boolean areHeard() {
        return number >= 0;
    }

    /// The sounds of a conversation.
    ///
    /// @throws IllegalArgumentException if there are some and the model reads none
    List<Sound> of(List<ChatMessage> messages) {
        List<Sound> heard = messages.stream().flatMap(message -> message.sounds().stream()).toList();
        if (!heard.isEmpty() && !areHeard()) {
            throw new IllegalArgumentException(heard.getFirst().name() + ": the model reads no sounds; one with a "
                    + "tower of sounds does, such as Qwen/Qwen2.5-Omni-3B, and glia transcribe writes down what is "
                    + "said");
        }
        return heard;
    }

    private Tower tower() {
        return engine.model().spec().towers().get(number);
    }

    /// A text whose marks of sounds are between the tokens that begin and end a sound, where the config names such and
    /// the template does not write them.
    TrustedText marked(TrustedText text) {
        Ends around = ends();
        if (around.begin.isEmpty()) {
            return text;
        }
        String mark = tokenizer.piece(tower().placeholder());
        TextBuilder all = new TextBuilder();
        int from = 0;
        for (int at = text.indexOfTrusted(mark, 0); at >= 0; at = text.indexOfTrusted(mark, from)) {
            boolean isBegun = text.toString().startsWith(around.begin, at - around.begin.length());
            all.append(text, from, at).trusted(isBegun ? mark : around.begin + mark + around.end);
            from = at + mark.length();
        }
        return all.append(text, from, text.toString().length()).whole();
    }

    private synchronized Ends ends() {
        if (ends == null) {
            try {
                Config config = Config.readIfPresent(Folders.ofModel(path).resolve("config.json"));
                ends = config.has(BEGIN) ? new Ends(tokenizer.piece(config.positive(BEGIN)),
                        tokenizer.piece(config.positive(config.has(END) ? END : "eoa_token_id"))) : new Ends("", "");
            } catch (CheckpointException e) {
                throw new IllegalArgumentException(e.getMessage(), e);
            }
        }
        return ends;
    }

    /// The rows of sounds, for each placeholder that the template wrote.
    ///
    /// @throws IllegalArgumentException if the placeholders are not as many as the sounds, or one cannot be used
    List<Input.Rows> rows(TrustedText text, List<Sound> sounds) {
        String mark = tokenizer.piece(tower().placeholder());
        int found = text.countTrusted(mark);
        if (found != sounds.size()) {
            throw new IllegalArgumentException(sounds.getFirst().name() + ": the model's chat template writes " + found
                    + " marks " + mark + " for " + sounds.size() + " sounds; expected one for each");
        }
        List<Input.Rows> rows = new ArrayList<>();
        double seconds = 0;
        for (Sound sound : sounds) {
            try {
                float[] samples = sound.samples(processor().rate());
                seconds += (double) samples.length / processor().rate();
                if (seconds > MOST_SECONDS) {
                    throw new IllegalArgumentException("the sounds of the conversation are longer than "
                            + (int) MOST_SECONDS + " seconds together, the most that is read");
                }
                SoundProcessor.Features features = processor().prepare(samples, samples.length);
                int count = features.numValid();
                rows.add(Input.Rows.of(tower(), number, features.frames().rows(0, count), 1, 1, count));
            } catch (SoundException | CheckpointException e) {
                throw new IllegalArgumentException(e.getMessage(), e);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(sound.name() + ": " + e.getMessage(), e);
            }
        }
        return rows;
    }

    /// Ids in which each tower's placeholders are repeated for each row of a picture or sound.
    ///
    /// @throws IllegalArgumentException if a tower's placeholders are not as many as its pictures or sounds
    Input expanded(int[] ids, List<Input.Rows> rows) {
        List<Tower> towers = engine.model().spec().towers();
        int[] all = ids;
        for (int i = 0; i < towers.size(); i++) {
            int own = i;
            all = Input.expanded(all, towers.get(i).placeholder(), rows.stream().filter(r -> r.tower() == own).toList())
                    .ids();
        }
        return Input.of(all, towers, rows);
    }

    private synchronized SoundProcessor processor() throws CheckpointException {
        if (processor == null) {
            Path folder = Folders.ofModel(path);
            Config whole = Config.readIfPresent(folder.resolve("processor_config.json"));
            processor = SoundProcessor.read(whole.isObject(EXTRACTOR) ? whole.child(EXTRACTOR)
                    : Config.read(folder.resolve(SETTINGS)), engine.ops().kernels().workers());
        }
        return processor;
    }
}
