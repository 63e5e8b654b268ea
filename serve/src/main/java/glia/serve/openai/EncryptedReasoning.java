package glia.serve.openai;

import glia.serve.request.ServeException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.KeyGenerator;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;

/// The `encrypted_content` of reasoning items: the text of the reasoning, encrypted with a key that this process alone
/// has (AES-128 in Galois/Counter Mode). A client without stored responses sends it back with its next request. Another
/// caller cannot use it.
final class EncryptedReasoning {
    private static final String CIPHER = "AES/GCM/NoPadding";
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;
    private static final SecretKey KEY = key();
    private static final SecureRandom RANDOM = new SecureRandom();

    private EncryptedReasoning() { }

    private static SecretKey key() {
        try {
            KeyGenerator generator = KeyGenerator.getInstance("AES");
            generator.init(128);
            return generator.generateKey();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has AES", e);
        }
    }

    /// The text in Base64, encrypted for a caller.
    static String of(String caller, String text) {
        byte[] nonce = new byte[NONCE_BYTES];
        RANDOM.nextBytes(nonce);
        try {
            byte[] sealed = cipher(Cipher.ENCRYPT_MODE, nonce, caller).doFinal(text.getBytes(StandardCharsets.UTF_8));
            byte[] all = Arrays.copyOf(nonce, NONCE_BYTES + sealed.length);
            System.arraycopy(sealed, 0, all, NONCE_BYTES, sealed.length);
            return Base64.getEncoder().encodeToString(all);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has " + CIPHER, e);
        }
    }

    /// The text again.
    ///
    /// @param field the field's name in messages
    /// @throws ServeException if it was encrypted for another caller, by another server, or by this one before it was
    ///     restarted
    static String text(String caller, String field, String encrypted) {
        try {
            byte[] all = Base64.getDecoder().decode(encrypted);
            byte[] nonce = Arrays.copyOf(all, NONCE_BYTES);
            byte[] sealed = Arrays.copyOfRange(all, Math.min(NONCE_BYTES, all.length), all.length);
            return new String(cipher(Cipher.DECRYPT_MODE, nonce, caller).doFinal(sealed), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException | GeneralSecurityException e) {
            throw ServeException.badField(field, "found content that this server has not encrypted for this caller "
                    + "since it was started; leave the reasoning item out");
        }
    }

    private static Cipher cipher(int mode, byte[] nonce, String caller) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance(CIPHER);
        cipher.init(mode, KEY, new GCMParameterSpec(TAG_BITS, nonce));
        cipher.updateAAD(caller.getBytes(StandardCharsets.UTF_8));
        return cipher;
    }
}
