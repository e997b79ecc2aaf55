"""Every word on the page, but for those of the tour, of "How it works" and of the classes."""

TITLE = "Nested hashing"
HEADLINE = "One code. Every length."
LEAD = (
    "Find similar pictures among millions with only {least} to {most} bytes each. A network turns a picture into "
    "{longest} bits, and the first {shorter} of them are good codes too: move the slider to cut the code, and see "
    "what is still found."
)
DESCRIPTION = "Find similar pictures among millions, a few bytes each: one network, one code, every length."

# The galleries
GALLERY = "Gallery"
CIFAR10, PHOTOGRAPHS = "CIFAR-10", "Photographs"
MINE = "Your pictures"
GALLERIES = {"cifar10": CIFAR10, "photographs": PHOTOGRAPHS}
FETCHES = {
    "cifar10": "10,000 small photos in ten classes. They are fetched once, about 170 MB, and stay on this machine.",
    "photographs": (
        "10,000 small photos in 200 classes, none of which was trained on. They are fetched once, about 240 MB, "
        "and stay on this machine."
    ),
}
FETCH = "Fetch {name}"
STAGES = {
    "wait": "Waiting",
    "fetch": "Fetching the pictures",
    "store": "Storing the pictures",
    "encode": "Turning pictures into codes",
    "read": "Reading your pictures",
    "draw": "Drawing codes",
    "arrange": "Building the index",
    "measure": "Measuring",
}
NOT_FETCHED = "The pictures of this gallery have not been fetched yet."
NO_NETWORK = (
    "{name} could not be fetched: its server cannot be reached. If its pictures are on this machine, let NHL_DATA name the "
    "folder that holds {layout}, and start the page again."
)
NO_ROOM = "There is no folder on this machine to keep the pictures in."
FETCHING_STOPPED = "Preparing the pictures stopped; please try again."
CIFAR10_CREDITS = "CIFAR-10, Alex Krizhevsky, University of Toronto"
OWN_HINT = (
    "Up to {count} pictures or a zip, {megabytes} MB at most. Only you see them; they are deleted when you leave or "
    "reload the page."
)
NO_OWN_TITLE = "Search among your own pictures"
NONE_YET = "There are none yet."
NO_OWN = "Each picture becomes a code, and the slider works as on all others. In a zip, folders are classes."
SENDING = "Sending"
CHOOSE_OWN = "Choose pictures or a zip"
DISK_FULL = "The server has no room for more pictures at the moment: please try again later."
NO_OWN_PICTURES = "There was no picture that can be read among these files."
NOT_YOURS = (
    "These pictures were a visitor's own, and are gone: they are deleted when the page is left or reloaded, or not "
    "used for an hour."
)
TOO_MANY_OWN = "Too many visitors have pictures here; please try again later."

# The query
LOOKING_FOR = "Looking for"
YOUR_PICTURE = "Your picture"
SHARED_CODE = "A picture known by its code alone"
CLASS_UNKNOWN = "class unknown"
CHOOSE = "Choose a picture"
CAMERA = "Camera"
TAKE = "Take the picture"
CANCEL = "Cancel"
HINT = "or drop or paste one anywhere on this page"  # not where there is no pointer or little room
READING = "Reading the picture …"
NO_CAMERA = "The camera cannot be used here."

EXAMPLES = "Or try one of these"
EXAMPLES_NOTE = "The first three are photographs from elsewhere. The network has seen none of these."
SHUFFLE = "Shuffle"
FIRST_EXAMPLES = (
    *("leopard", "flamingo", "watermelon", "fire engine", "saxophone", "thinking face", "sunflower"),
    *("dolphin", "raccoon", "alarm clock", "sloth", "american football", "rainbow flag", "sunrise"),
)

# The slider and what is found
LENGTH = "Code length"
LOOK = "Each bar is a bit, long for 1. Point at a result to see which bits differ; its number is how many."
LOOK_BY_TOUCH = "Touch and hold a result to see where its bits differ."
SHOW = "Show"
NEAREST = "Nearest of {count} pictures"
GRADES = {"INSTANCE": "same emoji", "CLASS": "same class", "GROUP": "same group", "OTHER": "something else"}
LIKELY = "Most often <b>{name}</b>, {count} of {shown}; the nearest differs in {distance} of {length} bits."
NO_LIKELY = "The nearest differs in {distance} of {length} bits."
FAR = "Nothing here is much like it."
FAR_WHY = "95 % of the pictures held out from training have a nearer match."
FACT_BYTES, FACT_SIZE, FACT_TIME = "a picture", "all codes", "a search, usually"
BITS_DIFFER = "bits differ"
DIFFER = "The number under a picture: how many of the bits differ."
DISTANCE = "distance"
COPY = "Copy link"
COPIED = "Copied"

CURVE = "Quality at each length"
CURVE_NOTES = {
    "map": "Mean average precision, with pictures as queries that the network has never seen.",
    "own": "Mean average precision, with each of your pictures as a query among all the others.",
    "ndcg_at_10": (
        "nDCG@10: 1 if no ten pictures were better. The same emoji counts 7, its class 3, its group 1. Queries are "
        "pictures that the network has never seen."
    ),
}
MORE_MEASURES = "{measure} and more"

# The sections
SECTIONS = {
    "compare": "Compare",
    "quality": "Quality",
    "why": "Why nested",
    "speed": "Speed and size",
    "bits": "Bits",
    "coarse": "Coarse to fine",
    "how": "How it works",
}
SECTIONS_LABEL = "Look closer"

COMPARE = "What does a longer code find that a shorter one does not?"
COMPARE_WITH = "Compare with"
ALL_LENGTHS = "All lengths"
FATES = {
    "kept": "kept",
    "gained": "new",
    "gained right": "new, right",
    "gained near": "new, near",
    "gained wrong": "new, wrong",
    "lost": "lost",
    "lost right": "lost, right",
    "lost near": "lost, near",
    "lost wrong": "lost, wrong",
}
SAME_LENGTH = "Both sides have the same length. Move the slider, or choose another length."

QUALITY = "How good is each length?"
MEASURES = {
    "ndcg_at_10": "nDCG@10",
    "map": "mAP",
    "precision_at_10": "same class",
    "p@10": "P@10",
    "instance_recall_at_10": "same emoji",
    "same@10": "same instance",
}
THIS_QUERY = "this query"
BUYS = {
    "precision_at_10": "Of the first ten results, {low:.1f} are of the right class at {shortest} bits, {high:.1f} at {longest}.",
    "instance_recall_at_10": "Of the query's other drawings, {low:.0%} are among the first ten at {shortest} bits, {high:.0%} at {longest}.",
    "map": "Mean average precision is {low} at {shortest} bits, {high} at {longest}.",
}
ENOUGH = "{length} bits is the shortest code that keeps {share:.0%} of the best quality."
PER_BYTE = "per byte"
OF_BEST = "of the best"
MEASURE_NOTES = {
    "ndcg_at_10": "nDCG@10: how well the first ten are ordered, the same emoji counting 7, its class 3, its group 1.",
    "map": "mAP: mean average precision, 1 if every picture of the class comes before all others.",
    "precision_at_10": "Same class: the share of the first ten that are of the query's class.",
    "p@10": "P@10: the share of the first ten that are right.",
    "instance_recall_at_10": "Same emoji: the share of the query's other drawings that are among the first ten.",
    "same@10": "Same instance: how likely another picture of the same instance is among the first ten.",
}
QUALITY_NOTE = "All are averages over queries that the network has never seen."
NOT_MEASURED = "The quality of this gallery has not been measured."
NO_CLASS = "The class of this query is unknown, so there is no curve for it alone."

WHY = "Why one nested code, and not a code for each length?"
WHY_KINDS = {
    "nested": ("One nested code", "one model; every length is a prefix"),
    "single": ("A model for each length", "{count} models, {count} codes for each picture"),
    "cut": ("A long code cut short", "one model, trained for {longest} bits alone"),
}
WHY_QUALITY = "Quality (mAP) at each length"
WHY_TIME, WHY_BYTES = "Training time", "Bytes stored a picture"
WHY_VERDICT = (
    "One nested code does the work of {count} models: over their {count} lengths it is {gap} them, for {share:.0%} of "
    "their training time and {stored} bytes a picture instead of {each}. Cut to {shortest} bits, an ordinary code has an "
    "mAP of {cut}; the nested one has {nested}."
)
WHY_NOTE = (
    "mAP, mean average precision, is 1 if every picture of the class comes before all others. Short trainings of one "
    "network on the same pictures with the same loss, for this comparison alone; made by <code>{command}</code>."
)
WHY_NOT_THE_CURVE = "The curve at the top is of the page's own model, in {measure}: its figures cannot be compared with these."

SPEED = "What does a longer code cost?"
GALLERY_SIZE = "Pictures in the gallery"
TIMING_ONLY = (
    "{drawn} of these codes are made up, with the statistics of the {own} real ones: for timing only, there are no "
    "pictures behind them."
)
ALL_REAL = "All of these are the codes of real pictures."
SCAN, INDEX, FAISS = "Scan of every code", "This page's index", "FAISS, flat"
COSTS = "{longest} bits instead of {shortest} take {bytes} times the bytes; a search takes {times}."
COST_BY = {"scan": "{times} by reading every code", "index": "{times} by this page's index"}
WHICH_LENGTH = (
    "Which length for {count} pictures? {length} bits: the shortest with {share:.0%} of the best quality, as measured "
    "on the {own} real ones, and with no more than {most} pictures sharing a code. The codes alone take {size}, all of this "
    "page's index about {index}; a search takes {time}."
)
SCAN_NOTE = "Reads every code, so that long codes cost by their bytes; on short ones other work outweighs the reading. The textbook way."
INDEX_NOTE = "Skips most codes without reading them, and finds the same."
LONGER_QUICKER = (
    "Here {longer} bits were searched quicker than {shorter}: a longer code separates the classes better, so that more "
    "is skipped."
)
NONE_QUICKER = (
    "Here no longer code was clearly quicker than a shorter one. It can be, where its further bits let the search skip more "
    "than they cost to read."
)
OUR_INDEX, AT_LENGTH = "this page's index", "At {length} bits {told}."
TIME_SCALE = "All bars share one logarithmic scale, which begins at {least}: equal steps are equal factors."
FAISS_NOTE = "A well-known library. At 8 and 16 bits it has no fast routine, hence its odd times there."
BYTES_A_PICTURE, ALL_CODES, SHARING = "bytes a picture", "all codes", "sharing a code"
SHARING_NOTE = (
    "Sharing a code: how many pictures have the same code if {count} are spread evenly over all possible codes, 256 of 8 bits. "
    "Pictures with the same code cannot be told apart."
)
INDEX_MEMORY = "The index takes {size} of memory, for every length at once."
INDEX_CUT = "If only the first {length} bits were kept, it would take about {size}."
MEASURED = (
    "Measured on one core of this machine, in the last ten minutes: median over 15 queries for the 12 nearest, each "
    "timed by its fastest run."
)
AGAIN = "Measure again"
NO_MEMORY = "This machine has not enough memory for so many codes."
GALLERY_GONE = "The gallery is gone."
MEASURING_STOPPED = "The measurement stopped; please try again."
TOO_MANY_WAIT = "Others are measuring; please try again in a minute."

BITS = "Which bits differ?"
BITS_NOTE = (
    "The distance of two codes is the number of bits that differ, counted in the used part alone. Dim bits are there, "
    "but not looked at."
)
QUERY_CODE = "The query"

COARSE = "How does a nested search narrow down?"
COARSE_NOTE = (
    "Every dot is a picture, sorted by class. The search reads the code from its start; after each step only "
    "pictures stay that are as near as the farthest of the {k} final results. So none of these can be lost, and the "
    "next step compares fewer. How the page itself finds them without knowing that distance: How it works."
)
DOTS_STAND = "Here a dot stands for {count} pictures."
BAR_SCALE = "The bars are on a logarithmic scale."
NEXT_STEP = "Next step"
START_AGAIN = "Start again"
STEP_ALL = "all"
STEPS = "Steps"
STILL_THERE = "Nearest of those still there"
DROPPED_NEXT = "faint: dropped at the next step"

ITS_NEAREST = "Nearest"
DRAWING = (
    "The network turns each picture into a row of bits; bits that differ are coloured. A shorter code is the start of "
    "the longer one, drawn here to scale: cut both rows at the same place, and count."
)

# The tour
TOUR_START, TOUR_LENGTH = "Take the tour", ": five steps, two minutes"
TOUR_PLACE = "Step {step} of {steps}"
TOUR_NEXT, TOUR_BACK, TOUR_END, TOUR_CLOSE = "Next", "Back", "Done", "Close the tour"

NO_PICTURE = "Give a picture first."
UNKNOWN_LINK = "The link names a picture that is not in this gallery."
NO_SUCH_CHOICE = "The link says {name}={value}, which does not exist; choose from {choices}."
UNREADABLE_UPLOAD = "The picture did not arrive complete; please send it again."
TOO_LARGE = "The picture exceeds the maximum allowed size of {megabytes} MB."

# What does not arrive, and what is not let in
UNREACHED = "The page's server does not answer; if it is yours, name its proxy's path in GRADIO_ROOT_PATH."
NO_SUCH_ADDRESS = "There is nothing at this address."
TO_THE_PAGE = "To the page: find similar pictures"
TOO_MANY_REQUESTS = "There were too many requests from your address; please wait a minute."
TOO_SLOW = "The request took too long to arrive; please send it again."
REQUEST_TOO_LARGE = "The request is too large; at most {megabytes} MB are accepted."
UPLOAD_TOO_LARGE = "The file is too large; at most {megabytes} MB are accepted."
SIZE_NOT_STATED = "An upload must state its size in the header Content-Length."
NO_ROOM_FOR_UPLOADS = "There is no room for pictures at the moment; please try again later."
WRONG_REQUEST = "The request is not one that this page knows."
WRONG_COUNT = "`data` must be a list of {count} values but got {found}."
TOO_LONG = "`data` is too long, or nested too deeply."
WRONG_SESSION = "`session_hash` must be 1 to {most} characters long."
UNREAD = "Too many answers wait for you; please fetch them first."
WENT_WRONG = "Something went wrong here; please try again."

WEIGHTS = (
    'Network: {network} from <a href="https://github.com/huggingface/pytorch-image-models" '
    'target="_blank" rel="noopener">timm</a>, <a href="https://www.apache.org/licenses/LICENSE-2.0" '
    'target="_blank" rel="noopener">Apache License 2.0</a>.'
)
CREDITS = "Pictures: {credits}."
LICENCES = {
    "Apache License 2.0": "https://www.apache.org/licenses/LICENSE-2.0",
    "CC BY 4.0": "https://creativecommons.org/licenses/by/4.0/",
    "MIT License": "https://opensource.org/license/mit",
    "CC0": "https://creativecommons.org/publicdomain/zero/1.0/",
}
ABOUT = "Your picture is deleted within ten minutes. No cookies, no analytics, no request to any other host."
