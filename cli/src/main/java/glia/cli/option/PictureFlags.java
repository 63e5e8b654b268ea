package glia.cli.option;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.engine.LanguageModel;
import glia.io.file.HomeFolder;
import glia.io.picture.Film;
import glia.io.picture.Picture;
import glia.io.picture.PictureException;
import glia.io.sound.Sound;
import glia.io.sound.SoundException;
import glia.io.web.WebFiles;
import glia.text.template.ChatMessage;
import glia.io.picture.Visual;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Pictures of a command line or a chat: their files, and paths in what a user types.
public final class PictureFlags {
    /// Pictures for a prompt.
    public static final Option<String> IMAGE = Option.text("FILE", "picture that the prompt is about, for models that "
            + "read pictures: PNG, JPEG, GIF, WebP, BMP or TIFF; may be given several times", "--image").repeated();

    /// Sounds for a prompt.
    public static final Option<String> AUDIO = Option.text("FILE", "sound that the prompt is about, for models that "
            + "hear: WAV, AIFF, AU, FLAC, MP3, Ogg Vorbis or Ogg Opus; may be given several times", "--audio")
            .repeated();

    /// Films for a prompt.
    public static final Option<String> VIDEO = Option.text("FILE", "film that the prompt is about, for models that read"
            + " films: folder of frames, animated GIF, or video file, which ffmpeg decodes; may be given several times",
            "--video").repeated();
    private static final Option<Float> FPS = Option.numberAbove("N", 0, 1000, "frames a second taken of a film;"
            + " a folder has as many (default: 2)", "--fps");
    private static final Option<Integer> FRAMES = Option.integer("N", 1, 768, "most frames of a film; of more, as many "
            + "are taken evenly (default: 64)", "--frames");
    /// Whether addresses are fetched.
    public static final Option<Boolean> ALLOW_URLS = Option.flag("fetch pictures, films and sounds of http and https "
            + "addresses; never those of private networks", "--allow-urls");
    /// How films are read, and from where.
    public static final List<Option<?>> SAMPLING = List.of(FPS, FRAMES, ALLOW_URLS);
    private static final int LEAST_FRAMES = 4;
    private static final int MOST_FRAMES = 64;
    /// What goes with a prompt.
    public static final List<Option<String>> ATTACHED = List.of(IMAGE, VIDEO, AUDIO);

    /// A quoted word, or one in which a backslash keeps the next character: what terminals write for a dropped file.
    private static final Pattern WORD = Pattern.compile("(?<!\\S)'([^']+)'|(?<!\\S)\"([^\"]+)\"|(?:\\\\.|[^\\s\\\\])+");

    private PictureFlags() { }

    /// What a user typed, without the paths of pictures.
    ///
    /// @param text what is left
    /// @param files the pictures' paths, in order
    public record Typed(String text, List<String> files) { }

    /// The pictures, films and sounds for the next message of a chat.
    public static final class Attached {
        private final List<Visual> pictures = new ArrayList<>();
        private final List<Sound> sounds = new ArrayList<>();

        /// Nothing.
        public Attached() { }

        /// Adds a picture.
        ///
        /// @return what was added
        /// @throws IllegalArgumentException as [#read] does
        public String picture(String file, LanguageModel model, Arguments arguments) {
            return add(read(unquoted(file), model, arguments));
        }

        /// Adds a film.
        ///
        /// @return what was added
        /// @throws IllegalArgumentException as [PictureFlags#film] does
        public String film(String file, LanguageModel model, Arguments arguments) {
            return add(PictureFlags.film(unquoted(file), model, arguments));
        }

        private String add(Visual visual) {
            pictures.add(visual);
            return "Added " + visual.name() + ", " + visual.size() + ".";
        }

        /// Adds a sound.
        ///
        /// @return what was added
        /// @throws IllegalArgumentException as [PictureFlags#sound] does
        public String sound(String file, LanguageModel model, Arguments arguments) {
            Sound sound = PictureFlags.sound(unquoted(file), model, arguments);
            sounds.add(sound);
            return "Added " + sound.name() + ".";
        }

        private static String unquoted(String file) {
            return file.replaceAll("^(['\"])(.*)\\1$", "$2");
        }

        /// A message with them, after which there are none.
        public ChatMessage to(ChatMessage message) {
            ChatMessage all = message.withPictures(pictures).withSounds(sounds);
            pictures.clear();
            sounds.clear();
            return all;
        }
    }

    /// The pictures, then the films, of a command line.
    ///
    /// @throws IllegalArgumentException if there are some and the model reads none, or one cannot be read
    public static List<Visual> of(Arguments arguments, LanguageModel model) {
        List<Visual> pictures = new ArrayList<>();
        for (String file : arguments.all(IMAGE)) {
            pictures.add(read(file, model, arguments));
        }
        for (String file : arguments.all(VIDEO)) {
            pictures.add(film(file, model, arguments));
        }
        return pictures;
    }

    /// A film of a file or folder, with the frames that the command line wants.
    ///
    /// @throws IllegalArgumentException if the model reads no pictures, or this film cannot be read
    public static Film film(String file, LanguageModel model, Arguments arguments) {
        int most = arguments.get(FRAMES).orElse(MOST_FRAMES);
        double fps = Double.parseDouble(arguments.get(FPS).orElse(2f).toString());
        Film.Sampling sampling = new Film.Sampling(fps, Math.min(LEAST_FRAMES, most), most);
        return read(file, model, arguments, path -> Film.read(path, sampling),
                bytes -> Film.of(file, bytes, sampling));
    }

    /// The bytes of an address.
    private static byte[] fetched(String address, Arguments arguments) throws IOException {
        if (!arguments.has(ALLOW_URLS)) {
            throw new IllegalArgumentException(address + ": addresses are fetched with " + ALLOW_URLS.name()
                    + " only; or give a file");
        }
        return WebFiles.defaults().get(address);
    }

    /// Reads a picture or film.
    private interface Reading<S, V extends Visual> {
        V of(S source) throws IOException;
    }

    /// A picture of a file or an address.
    ///
    /// @throws IllegalArgumentException if the model reads no pictures, or this one cannot be read
    public static Picture read(String file, LanguageModel model, Arguments arguments) {
        return read(file, model, arguments, Picture::read,
                bytes -> Picture.of(file, bytes, Picture.Limits.DEFAULT));
    }

    private static <V extends Visual> V read(String file, LanguageModel model, Arguments arguments,
            Reading<Path, V> ofFile, Reading<byte[], V> ofBytes) {
        if (file.isBlank()) {
            throw new IllegalArgumentException("expected the name of a picture, as in /image cat.jpg");
        }
        if (!model.pictures().areRead()) {
            throw new IllegalArgumentException("this model reads no pictures: " + file + " was not used; a model with "
                    + "a vision tower does, such as Qwen/Qwen2-VL-2B-Instruct");
        }
        if (WebFiles.isAddress(file)) {
            try {
                return ofBytes.of(fetched(file, arguments));
            } catch (IOException e) {
                throw new IllegalArgumentException(e.getMessage(), e);
            }
        }
        try {
            return ofFile.of(HomeFolder.path(file));
        } catch (NoSuchFileException e) {
            throw new PictureException(file, "there is no such file");
        } catch (IOException | InvalidPathException e) {
            throw new PictureException(file, "cannot be read: " + e.getMessage());
        }
    }

    /// The sounds of a command line.
    ///
    /// @throws IllegalArgumentException if there are some and the model does not hear, or one cannot be read
    public static List<Sound> sounds(Arguments arguments, LanguageModel model) {
        return arguments.all(AUDIO).stream().map(file -> sound(file, model, arguments)).toList();
    }

    /// A sound of a file or an address.
    ///
    /// @throws IllegalArgumentException if the model does not hear, or this one cannot be read
    public static Sound sound(String file, LanguageModel model, Arguments arguments) {
        if (file.isBlank()) {
            throw new IllegalArgumentException("expected the name of a sound, as in /audio talk.mp3");
        }
        if (!model.pictures().areHeard()) {
            throw new IllegalArgumentException("this model does not hear: " + file + " was not used; a model with a "
                    + "tower of sounds does, such as Qwen/Qwen2.5-Omni-3B, and glia transcribe writes down what is "
                    + "said");
        }
        try {
            return WebFiles.isAddress(file) ? Sound.of(file, fetched(file, arguments), Sound.Limits.DEFAULT)
                    : Sound.read(HomeFolder.path(file));
        } catch (NoSuchFileException e) {
            throw new IllegalArgumentException(file + ": there is no such file", e);
        } catch (SoundException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        } catch (IOException | InvalidPathException e) {
            throw new IllegalArgumentException(WebFiles.isAddress(file) ? e.getMessage()
                    : file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /// Finds the paths of pictures in a message: words that end as names of pictures do, if there is such a file.
    public static Typed typed(String message) {
        List<String> files = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        Matcher words = WORD.matcher(message);
        int from = 0;
        while (words.find()) {
            String word = words.group(1) != null ? words.group(1) : words.group(2) != null ? words.group(2)
                    : unescaped(words.group());
            if (Picture.isNamedSo(word) && isFile(word)) {
                files.add(word);
                text.append(message, from, words.start());
                from = words.end();
            }
        }
        text.append(message, from, message.length());
        return new Typed(files.isEmpty() ? message : text.toString().strip(), files);
    }

    private static String unescaped(String word) {
        // On Windows a backslash separates folders.
        return isFile(word) ? word : word.replaceAll("\\\\(.)", "$1");
    }

    private static boolean isFile(String word) {
        try {
            Path path = HomeFolder.path(word);
            return Files.isRegularFile(path);
        } catch (InvalidPathException e) {
            return false;
        }
    }
}
