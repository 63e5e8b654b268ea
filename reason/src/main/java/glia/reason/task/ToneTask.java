package glia.reason.task;

import glia.io.picture.Picture;
import glia.io.picture.Pixels;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Names of tones, such as `a loud high square tone, rising fast`: 108 names, of sounds whose pitch, phase and loudness
/// vary. A model gets the sound as its spectrogram, a picture: time to the right, the logarithm of frequency upwards.
/// Names of the splits differ.
final class ToneTask extends NamedTask {
    private static final int SIDE = 24;
    private static final int RATE = 8000;
    private static final int SAMPLES = 4096;
    private static final int FRAME = 512;
    private static final double LOWEST = 100;
    private static final double OCTAVES = 5;
    private static final double FLOOR = 1e-4;
    private static final List<String> LOUDNESS = List.of("loud", "soft");
    private static final List<String> PITCHES = List.of("low", "middle", "high");
    private static final List<String> WAVES = List.of("sine", "square", "saw");
    private static final List<String> COURSES = List.of("steady", "rising slowly", "rising fast", "falling slowly",
            "falling fast", "pulsing");
    private static final double[] GLIDES = {0, 0.5, 1.1, -0.5, -1.1, 0};

    /// A cosine and a sine of the frequency of each line, the highest first, under a Hann window.
    private static final double[][] WAVELETS = new double[SIDE][2 * FRAME];

    static {
        for (int line = 0; line < SIDE; line++) {
            double step = 2 * Math.PI * LOWEST * Math.pow(2, OCTAVES * (SIDE - 1 - line) / SIDE) / RATE;
            for (int i = 0; i < FRAME; i++) {
                double window = 0.5 - 0.5 * Math.cos(2 * Math.PI * i / FRAME);
                WAVELETS[line][2 * i] = window * Math.cos(step * i);
                WAVELETS[line][2 * i + 1] = window * Math.sin(step * i);
            }
        }
    }

    ToneTask() {
        super("tones", "name the tone of a spectrogram; for models that read pictures", 1,
                "3 waves, 3 pitches, 6 courses, 2 degrees of loudness");
    }

    @Override
    public Instance draw(int level, RandomStream random) {
        int loudness = random.below(LOUDNESS.size());
        int pitch = random.below(PITCHES.size());
        int wave = random.below(WAVES.size());
        int course = random.below(COURSES.size());
        String name = "a " + LOUDNESS.get(loudness) + " " + PITCHES.get(pitch) + " " + WAVES.get(wave) + " tone, "
                + COURSES.get(course);
        return new Instance(name, "What is this?", Map.of("answer", name), () -> {
            double[] sound = sound(wave, 300 * Math.pow(2, pitch + 0.3 * (random.fraction() - 0.5)), course,
                    (loudness == 0 ? 0.8 : 0.1) * (0.9 + 0.2 * random.fraction()), random.fraction());
            return List.of(Picture.of("spectrogram", spectrogram(sound).png(), Picture.Limits.DEFAULT));
        });
    }

    /// @param frequency in the middle, in Hz
    private static double[] sound(int wave, double frequency, int course, double volume, double phase) {
        double[] sound = new double[SAMPLES];
        double turns = phase;
        for (int i = 0; i < SAMPLES; i++) {
            double time = (double) i / SAMPLES;
            turns += frequency * Math.pow(2, GLIDES[course] * (time - 0.5)) / RATE;
            double place = turns - Math.floor(turns);
            double value = switch (wave) {
                case 0 -> Math.sin(2 * Math.PI * place);
                case 1 -> place < 0.5 ? 0.7 : -0.7;
                default -> 1.2 * (place - 0.5);
            };
            sound[i] = volume * value * (COURSES.get(course).equals("pulsing") && (int) (8 * time) % 2 == 1 ? 0.02 : 1);
        }
        return sound;
    }

    /// Decibels of frequencies on a logarithmic scale.
    private static Pixels spectrogram(double[] sound) {
        Pixels pixels = Pixels.filled(SIDE, SIDE, 0, 0, 0);
        for (int t = 0; t < SIDE; t++) {
            int start = t * (SAMPLES - FRAME) / (SIDE - 1);
            for (int line = 0; line < SIDE; line++) {
                double re = 0;
                double im = 0;
                for (int i = 0; i < FRAME; i++) {
                    re += sound[start + i] * WAVELETS[line][2 * i];
                    im += sound[start + i] * WAVELETS[line][2 * i + 1];
                }
                double level = Math.log10(Math.max(FLOOR, Math.hypot(re, im) * 4 / FRAME)) - Math.log10(FLOOR);
                byte gray = (byte) Math.clamp(Math.round(255 * level / -Math.log10(FLOOR)), 0, 255);
                for (int c = 0; c < 3; c++) {
                    pixels.rgb()[3 * (line * SIDE + t) + c] = gray;
                }
            }
        }
        return pixels;
    }

    @Override
    public Optional<String> read(String text) {
        String plain = text.strip().toLowerCase(Locale.ROOT);
        return plain.matches("[a-z]{1,12}(?:,? [a-z]{1,12}){0,15}\\.?") ? Optional.of(plain.replace(".", ""))
                : Optional.empty();
    }
}
