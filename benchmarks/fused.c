/* The limit for peers.py: a two-point sphere step on f(x) = 1/2 sum h_i x_i^2 with nothing between the passes.

   Pass 1 draws a Gaussian g and sums its squares; pass 2 sums f(x + eps v) and f(x - eps v), v = g/|g|; pass 3 updates x.
   xoshiro128+ (Blackman & Vigna 2018) or Philox-4x32-10 (Salmon et al. 2011) in 16 lanes, Box-Muller with polynomials:
   gcc and clang vectorise every loop. Philox is counter-based, as zobench's Threefry is; xoshiro carries its state.
   Normals have 24-bit uniforms and are float32 in both precisions, as zobench's are. */

#include <math.h>
#include <stdint.h>
#include <string.h>

#define LANES 16
#define BLOCK (4 * LANES)

typedef struct {
    uint32_t s[4][LANES];
} Generator;

static uint64_t splitmix(uint64_t *state) {
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static void seed(Generator *g, uint64_t state) {
    for (int word = 0; word < 4; word++)
        for (int lane = 0; lane < LANES; lane++)
            g->s[word][lane] = (uint32_t)(splitmix(&state) >> 32);
}

static inline uint32_t next(Generator *g, int lane) {
    uint32_t a = g->s[0][lane], b = g->s[1][lane], c = g->s[2][lane], d = g->s[3][lane];
    uint32_t word = a + d, t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    g->s[0][lane] = a;
    g->s[1][lane] = b;
    g->s[2][lane] = c;
    g->s[3][lane] = (d << 11) | (d >> 21);
    return word;
}

/* Four words of Philox-4x32-10 for each lane, from the counter (block, step) and the seed. */
static inline void philox(uint32_t block, uint64_t step, uint64_t key, uint32_t words[4][LANES]) {
    for (int lane = 0; lane < LANES; lane++) {
        uint32_t a = block * LANES + lane, b = 0, c = (uint32_t)step, d = (uint32_t)(step >> 32);
        uint32_t k = (uint32_t)key, l = (uint32_t)(key >> 32);
        for (int round = 0; round < 10; round++) {
            uint64_t p = (uint64_t)0xD2511F53u * a, q = (uint64_t)0xCD9E8D57u * c;
            a = (uint32_t)(q >> 32) ^ b ^ k;
            b = (uint32_t)q;
            c = (uint32_t)(p >> 32) ^ d ^ l;
            d = (uint32_t)p;
            k += 0x9E3779B9u;
            l += 0xBB67AE85u;
        }
        words[0][lane] = a;
        words[1][lane] = b;
        words[2][lane] = c;
        words[3][lane] = d;
    }
}

/* ln of a positive normal float, to 1e-6: 2 artanh((m - 1)/(m + 1)) for a mantissa m in [2/3, 4/3). */
static inline float logarithm(float x) {
    int32_t bits;
    memcpy(&bits, &x, 4);
    int32_t exponent = (bits - 0x3f2aaaab) >> 23;
    bits -= exponent * (1 << 23);
    float m;
    memcpy(&m, &bits, 4);
    float z = (m - 1) / (m + 1), z2 = z * z;
    return exponent * 0.69314718f + 2 * z * (1 + z2 * (1 / 3.0f + z2 * (1 / 5.0f + z2 * (1 / 7.0f + z2 / 9))));
}

/* 32 normals of 16 pairs of words: cos in the first 16, sin of the same angles in the last. */
static inline void normals(const uint32_t *restrict radii, const uint32_t *restrict turns, float *restrict out) {
    for (int lane = 0; lane < LANES; lane++) {
        float uniform = (float)(int32_t)(radii[lane] >> 8) * 0x1p-24f + 0x1p-25f;
        uint32_t turn = turns[lane];
        uint32_t quarter = (turn + (1u << 29)) >> 30;
        float t = (float)(int32_t)(turn - (quarter << 30)) * 1.4629180792671596e-9f, t2 = t * t; /* 2 pi / 2^32 */
        float sine = t * (1 + t2 * (-1 / 6.0f + t2 * (1 / 120.0f + t2 * (-1 / 5040.0f))));
        float cosine = 1 + t2 * (-0.5f + t2 * (1 / 24.0f + t2 * (-1 / 720.0f + t2 / 40320)));
        float radius = sqrtf(-2 * logarithm(uniform));
        int odd = quarter & 1;
        float x = odd ? sine : cosine, y = odd ? cosine : sine;
        out[lane] = radius * (((quarter + 1) & 2) ? -x : x);
        out[LANES + lane] = radius * ((quarter & 2) ? -y : y);
    }
}

static inline void words_xoshiro(Generator *g, uint32_t words[4][LANES]) {
    for (int word = 0; word < 4; word++)
        for (int lane = 0; lane < LANES; lane++)
            words[word][lane] = next(g, lane);
}

/* `steps` steps for each of `runs` runs, one run after the other; x is [runs, n], g a buffer of n. */
#define DEFINE(NAME, REAL, WORDS)                                                                                      \
    void NAME(long n, long runs, long steps, const REAL *restrict h, REAL *restrict all, float *restrict g,            \
              double eps, double step, uint64_t first_seed) {                                                          \
        for (long run = 0; run < runs; run++) {                                                                        \
            REAL *restrict x = all + run * n;                                                                          \
            Generator generator;                                                                                       \
            uint64_t key = first_seed * 0xD1B54A32D192ED03u + (uint64_t)run * 0x8CB92BA72F3D8DD7u;                     \
            seed(&generator, key);                                                                                     \
            for (long k = 0; k < steps; k++) {                                                                         \
                float square = 0, tail[BLOCK];                                                                         \
                uint32_t words[4][LANES];                                                                              \
                long whole = n / BLOCK * BLOCK;                                                                        \
                for (long i = 0; i < whole; i += BLOCK) {                                                              \
                    WORDS;                                                                                             \
                    normals(words[0], words[1], g + i);                                                                \
                    normals(words[2], words[3], g + i + 2 * LANES);                                                    \
                    for (int j = 0; j < BLOCK; j++)                                                                    \
                        square += g[i + j] * g[i + j];                                                                 \
                }                                                                                                      \
                if (whole < n) {                                                                                       \
                    long i = whole;                                                                                    \
                    (void)i;                                                                                           \
                    WORDS;                                                                                             \
                    normals(words[0], words[1], tail);                                                                 \
                    normals(words[2], words[3], tail + 2 * LANES);                                                     \
                }                                                                                                      \
                for (long i = whole; i < n; i++) {                                                                     \
                    g[i] = tail[i - whole];                                                                            \
                    square += g[i] * g[i];                                                                             \
                }                                                                                                      \
                REAL norm = (REAL)sqrt(square), reach = (REAL)eps / norm, ahead = 0, behind = 0;                       \
                for (long i = 0; i < n; i++) {                                                                         \
                    REAL move = reach * g[i], up = x[i] + move, down = x[i] - move;                                    \
                    ahead += h[i] * up * up;                                                                           \
                    behind += h[i] * down * down;                                                                      \
                }                                                                                                      \
                REAL slope = (ahead - behind) / (4 * (REAL)eps), move = (REAL)step * n * slope / norm;                 \
                for (long i = 0; i < n; i++)                                                                           \
                    x[i] -= move * g[i];                                                                               \
            }                                                                                                          \
        }                                                                                                              \
    }

DEFINE(xoshiro_float32, float, words_xoshiro(&generator, words))
DEFINE(xoshiro_float64, double, words_xoshiro(&generator, words))
DEFINE(philox_float32, float, philox((uint32_t)(i / BLOCK), (uint64_t)k, key, words))
DEFINE(philox_float64, double, philox((uint32_t)(i / BLOCK), (uint64_t)k, key, words))
