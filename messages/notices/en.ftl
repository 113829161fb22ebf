# Notices in English. One message for each sentence, and each audience that reads it otherwise:
#   you     the person, who is no expert
#   child   the person, who is a child
#   they    experts, journalists and partners, who read about the person
# What stands in braces comes from the facts of the notice, the same for everybody. docs/notices.md says what is what.

subject-person = We are telling you about data about you
subject-child = A letter about facts about you
subject-expert = Notice to a data subject: particulars
subject-journalist = A person was told about data about them
subject-partner = For your information: a notice to a data subject

greeting-you = Dear { $name },
greeting-child = Hello { $name },

intro-person = This letter is from { $authority }. When we share data about you, we must tell you. This letter does not say that you did something wrong.
intro-child = We are { $authority }. We keep people safe from bad acts on the net. Some facts about you came to us. We want you to know. This letter does not mean that you were bad.
intro-expert = { $authority }, for { $party }, gave this notice on { $date }.
intro-journalist = { $authority } has told a person that data about them was used. This text says what the person was told. It does not say who the person is.
intro-partner = { $authority } has told a person about the data below. You get this because you are a partner of the exchange.

given-you = On { $given } we gave data about you to a partner abroad: { $partner }.
given-child = On { $given } we gave facts about you to our friends in another land: { $partner }.
given-they = Data about the person was given on { $given }. Recipient: { $partner }.
received-you = On { $given } we got data about you from a partner abroad: { $partner }.
received-child = On { $given } we got facts about you from our friends in another land: { $partner }.
received-they = Data about the person was received on { $given }. Sender: { $partner }.
held-you = We hold data about you.
held-child = We keep some facts about you.
held-they = Data about the person is held.

law-you = The law says that we must tell you. It says so here:
law-child = A rule says that we must tell you. It is this one:
law-they = The notice is owed by:
agreement-you = We work with our partner under these rules: { $agreement }.
agreement-child = These rules say what we may do: { $agreement }.
agreement-they = Agreement: { $agreement }.

data-you = This is the kind of data that it is:
data-child = These are the facts:
data-they = Categories of data:
purpose-you = We use it for this: { $purpose }.
purpose-child = We use them for this: { $purpose }.
purpose-they = Activity: { $activity }. Purpose: { $purpose }.
kept-you = The data will be erased by { $kept }.
kept-child = The facts will be gone by { $kept }.
kept-they = To be erased by { $kept }.
deferred-you = We could not tell you before. From { $from } to { $to } the law let us wait. The reason was this: { $ground } ({ $article }).
deferred-child = We had to wait with this letter from { $from } to { $to }. This is why: { $ground } ({ $article }).
deferred-they = The notice was put off from { $from } to { $to }. Ground: { $ground } ({ $article }).

rights-you = You can ask us what data we have about you. You can ask us to put it right or to erase it. You can tell us that you do not agree.
rights-child = You can ask us what we know about you. You can ask us to fix it or to take it away. Ask your mum, your dad or some other grown-up to help you.
rights-they = The person may ask for access, rectification, erasure and restriction, may object, and may complain.
turn-you = You can also ask these to look at it:
turn-child = These can help you too:
turn-they = Remedies:
until-you = Please do so by { $until }.
until-child = Do it by { $until }.
until-they = Open until { $until }.
number-you = The number of this letter is { $number }. Please give it when you write to us.
number-child = The number of this letter is { $number }.
number-they = Number of the notice: { $number }.

# Answers to what a person asked about their data. What is told is the same for everybody; docs/subjects.md says what is what.

answer-subject-person = Our answer about data about you
answer-subject-child = Our answer to you
answer-subject-expert = Answer to a data subject's request: particulars
answer-subject-journalist = A person was answered about data about them
answer-subject-partner = For your information: an answer to a data subject
answer-intro-person = This letter is from { $authority }. You asked us on { $filed }: { $request }.
answer-intro-child = We are { $authority }. You asked us on { $filed }: { $request }. Here is what we can say.
answer-intro-expert = { $authority }, for { $party }, answered a request of { $filed } on { $date }. Request: { $request }.
answer-intro-journalist = { $authority } has answered a person. The request was this: { $request }. This text does not say who the person is.
answer-intro-partner = { $authority } has answered a data subject. Request: { $request }.
answer-refused-you = We cannot do what you asked.
answer-refused-child = We cannot do what you asked us.
answer-refused-they = The request is refused.
answer-why-you = This is why:
answer-why-child = This is why:
answer-why-they = Reasons:
answer-law-you = The law says so here:
answer-law-child = These rules say so:
answer-law-they = Decided by:
answer-held-you = This is what we can show you. The data is with this letter:
answer-held-child = This is what we can show you:
answer-held-they = Records given to the person:
answer-record = From: { $from }. Records: { $count }. What for: { $purpose }. Kept until { $kept }.
answer-sent-you = We gave data about you to these partners:
answer-sent-child = We gave facts about you to these friends in other lands:
answer-sent-they = Recipients that the person was told of:
answer-sent-line = { $partner }, { $given }
answer-done-you = This is what we did:
answer-done-child = This is what we did:
answer-done-they = Done:
answer-done-erased = Erased. Records: { $count }.
answer-done-restricted = Not used any more. Records: { $count }.
answer-done-corrected = Put right. Records: { $count }.
answer-done-other = { $what }. Records: { $count }.
answer-declined-you = This is what we did not do, and the rules that say so:
answer-declined-child = This is what we could not do, and the rules that say so:
answer-declined-they = Not done, and by which rules:
answer-declined-line = Records: { $count }. { $why } ({ $rules })
answer-neither-you = We can say no more. It may be that we have no more data about you. It may be that the law does not let us tell you. In both cases you get these same words.
answer-neither-child = We can say no more. There may be no more to say. Or a rule may keep us from saying it. You get these same words both ways.
answer-neither-they = Whether more is held is neither confirmed nor denied.
answer-number-you = The number of your request is { $number }. Please give it when you write to us.
answer-number-child = The number of what you asked is { $number }.
answer-number-they = Number of the request: { $number }.
own-records = what we wrote down

request-access = which data is held
request-correct = to put data right
request-erase = to erase data
request-restrict = to stop the use of data
request-object = not to use data in some way
request-port = to take data along
request-complain = to look at what was done

reason-identity_not_verified = it is not known yet that who asks is who they say
reason-ground_not_available = the law gives no right to this here
reason-restricted_proportionately = a ground that the law lists stands against it for now
reason-restriction_not_examined = nobody has looked yet at what stands against it
reason-restrict_instead_of_erase = the data must be kept as proof, and is not used for now
reason-held = the data must be kept for a time
reason-preserved = the data must be kept for a time

date = { $day } { $month } { $year }
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December

activity-threat_intel = sharing what is known about attacks
activity-incident_response = dealing with an attack
activity-vulnerability_handling = mending weak spots of systems
activity-criminal_investigation = finding out about a crime
activity-joint_investigation = finding out about a crime together
activity-administrative = the work of an office

purpose-cyber_defence = to stop attacks on computers and networks
purpose-incident_response = to deal with an attack that took place
purpose-vulnerability_handling = to mend weak spots of systems
purpose-public_warning = to warn people
purpose-research = to study attacks
purpose-criminal_investigation = to find out about a crime
purpose-criminal_proceeding = to bring a crime before a court
purpose-joint_investigation = to find out about a crime together
purpose-sentence_execution = to carry out a sentence
purpose-prevent_specific_threat_of_death = to save a life
purpose-prevent_serious_threat_to_minor = to keep a child from harm
purpose-oversight = to check that the rules are kept
purpose-drug_investigation = to find out about a drug crime
purpose-tax_audit = to check or collect taxes
purpose-visa_decision = to decide on a visa
purpose-immigration_control = to check who comes into the country and who stays
purpose-regulate_lawful_activity_of_sharer = to control the lawful work of the one who shared
purpose-infringe_free_speech = to pursue somebody for what they said
purpose-commercial = to earn money
purpose-employment_decision = to decide on a job
purpose-political_monitoring = to watch what people think about politics

category-indicator = marks that an attack leaves
category-threat_report = reports about attacks
category-infrastructure = servers and networks that an attack used
category-vulnerability = weak spots of systems
category-observed_data = what was seen on a network
category-traffic_data = who was in touch with whom, when and from where
category-traffic_for_user_id = who was on the line at a given time
category-content_data = what messages say
category-subscriber_info = who has a contract with a provider
category-domain_registration = who has a name on the net
category-identity_data = names and user accounts
category-other = other data

ground-obstruct_investigation = an inquiry would have been blocked
ground-prejudice_investigation = an inquiry would have been harmed
ground-public_security = the safety of the public
ground-national_security = the safety of the state
ground-rights_of_others = the rights of other people
ground-official_inquiry = an official inquiry was going on
ground-convenience = no ground that the law knows

party-AT = Austria
party-AU = Australia
party-BE = Belgium
party-BG = Bulgaria
party-BR = Brazil
party-CA = Canada
party-CH = Switzerland
party-CY = Cyprus
party-CZ = Czechia
party-DE = Germany
party-DK = Denmark
party-EE = Estonia
party-ENISA = the European Union Agency for Cybersecurity
party-ES = Spain
party-EU = the European Union
party-EUROPOL = Europol
party-FI = Finland
party-FR = France
party-GB = the United Kingdom
party-GR = Greece
party-HR = Croatia
party-HU = Hungary
party-IE = Ireland
party-INTERPOL = Interpol
party-IS = Iceland
party-IT = Italy
party-JP = Japan
party-LI = Liechtenstein
party-LT = Lithuania
party-LU = Luxembourg
party-LV = Latvia
party-MT = Malta
party-NL = the Netherlands
party-NO = Norway
party-PL = Poland
party-PT = Portugal
party-RO = Romania
party-RS = Serbia
party-SE = Sweden
party-SI = Slovenia
party-SK = Slovakia
party-UA = Ukraine
party-US = the United States
party-XA = Arcadia
party-XB = Borealia
party-XC = Cimmeria
