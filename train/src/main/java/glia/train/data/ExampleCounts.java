package glia.train.data;

/// How many examples of a file are used.
///
/// @param read in the file
/// @param used as sequences, cut ones included
/// @param cut at the longest sequence
/// @param dropped because they are too long
/// @param longest tokens of the longest example, before truncation
public record ExampleCounts(int read, int used, int cut, int dropped, int longest) {
    /// A sentence for the user, such as `64 chats, 2 cut and 1 dropped (the longest has 4096 tokens)`.
    ///
    /// @param what the examples, such as `chats`
    public String sentence(String what) {
        String changed = cut > 0 && dropped > 0 ? cut + " cut and " + dropped + " dropped"
                : cut > 0 ? cut + " cut" : dropped + " dropped";
        return read + " " + what + (cut + dropped == 0 ? "" : ", " + changed + " (the longest has " + longest
                + " tokens)");
    }
}
