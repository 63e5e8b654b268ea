package glia.reason.task;

/// Words of letters that can be pronounced, with a meaning or without.
final class RandomWords {
    private static final String CONSONANTS = "bcdfghjklmnpqrstvwxyz";
    private static final String VOWELS = "aeiou";

    private RandomWords() { }

    /// A word of lower-case letters, in which every other letter is a vowel, or nearly so.
    static String word(RandomStream random, int length) {
        StringBuilder word = new StringBuilder();
        boolean isVowel = random.chance(0.3);
        for (int i = 0; i < length; i++) {
            String letters = isVowel ? VOWELS : CONSONANTS;
            word.append(letters.charAt(random.below(letters.length())));
            isVowel = !isVowel ^ random.chance(0.15);
        }
        return word.toString();
    }

    static boolean isVowel(char c) {
        return VOWELS.indexOf(c) >= 0;
    }
}
